"""Settings: read, changed, bounded, and the same on every server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.access import Role
from api.keys import SETTINGS
from api.ratelimits import AUTH
from api.settings.declare import Catalogue, Setting, WrongValue, choice, switch, text, whole_number
from api.settings.live import LiveSettings
from store.settings import Changed
from tests.support.postgres import Postgres
from tests.support.server import Answered, Server, serving
from tests.support.waiting import eventually


@pytest.fixture
async def server(postgres: Postgres, database_name: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(postgres.application_url(database_name), tmp_path) as server:
        yield server


async def change(server: Server, settings: Any, **headers: str) -> Answered:
    return await server.ask(
        "PUT",
        "/admin/settings",
        token=server.sign_in(Role.ADMIN),
        json={"settings": settings},
        headers=headers,
    )


async def read(server: Server) -> Answered:
    return await server.ask("GET", "/admin/settings", token=server.sign_in(Role.ADMIN))


def value(answered: Answered, name: str) -> Any:
    return next(each["value"] for each in answered.body["settings"] if each["name"] == name)


@pytest.mark.parametrize("role", [Role.PARENT, Role.CHILD, Role.GUEST])
async def test_settings_are_for_admins(server: Server, role: Role) -> None:
    for method in ("GET", "PUT"):
        answered = await server.ask(
            method, "/admin/settings", token=server.sign_in(role), json={"settings": {}}
        )
        assert answered.code == "FORBIDDEN"


async def test_each_setting_comes_with_what_a_form_needs(server: Server) -> None:
    answered = await read(server)
    assert answered.headers["ETag"] == f'"{answered.body["version"]}"'
    setting = next(s for s in answered.body["settings"] if s["name"] == "rate_limit_messages")
    description = setting.pop("description")
    assert len(description) > 20
    assert setting == {
        "name": "rate_limit_messages",
        "type": "int",
        "value": 60,
        "default": 60,
        "minimum": 1,
        "maximum": 100_000,
        "choices": None,
    }


async def test_a_change_is_answered_and_kept(server: Server) -> None:
    before = await read(server)
    changed = await change(server, {"rate_limit_messages": 61, "feature.guests": True})
    assert changed.status == 200
    assert value(changed, "rate_limit_messages") == 61
    assert changed.body["version"] > before.body["version"]
    assert (await read(server)).body == changed.body
    features = (await server.ask("GET", "/features")).body["features"]
    assert features["guests"] is True
    await change(server, {"rate_limit_messages": 60, "feature.guests": False})


async def test_what_is_put_back_as_it_was_got_changes_nothing(server: Server) -> None:
    got = (await read(server)).body
    values = {each["name"]: each["value"] for each in got["settings"]}
    body = {"settings": values, "version": got["version"]}
    answered = await server.ask(
        "PUT", "/admin/settings", token=server.sign_in(Role.ADMIN), json=body
    )
    assert (answered.status, answered.body) == (200, got)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"no_such": 1}, "settings.no_such"),
        ({"rate_limit_auth": 0}, "settings.rate_limit_auth"),
        ({"rate_limit_auth": 100_001}, "settings.rate_limit_auth"),
        ({"rate_limit_auth": "60"}, "settings.rate_limit_auth"),
        ({"rate_limit_auth": True}, "settings.rate_limit_auth"),
        ({"rate_limit_auth": 60.5}, "settings.rate_limit_auth"),
        ({"rate_limit_auth": None}, "settings.rate_limit_auth"),
        ({"feature.billing": 1}, "settings.feature.billing"),
        ([], "settings"),
    ],
)
async def test_a_wrong_value_changes_nothing(server: Server, settings: Any, field: str) -> None:
    before = (await read(server)).body
    if isinstance(settings, dict):
        settings = {"rate_limit_messages": 77, **settings}
    answered = await change(server, settings)
    assert answered.code == "VALIDATION_FAILED"
    assert answered.body["error"]["details"][0]["field"] == field
    assert (await read(server)).body == before


async def test_a_version_that_is_no_longer_true_is_refused(server: Server) -> None:
    seen = (await read(server)).headers["ETag"]
    assert (await change(server, {"rate_limit_messages": 62}, **{"If-Match": seen})).status == 200
    answered = await change(server, {"rate_limit_messages": 63}, **{"If-Match": seen})
    assert (answered.status, answered.code) == (412, "PRECONDITION_FAILED")
    for odd in ('"x"', "W/1", '"-1"', "²", f'"{"9" * 5000}"'):
        assert (await change(server, {}, **{"If-Match": odd})).status == 412
    assert (await change(server, {"rate_limit_messages": 60}, **{"If-Match": "*"})).status == 200


async def test_one_of_several_versions_may_be_the_true_one(server: Server) -> None:
    seen = (await read(server)).headers["ETag"]
    for tags in (f'"999999999", {seen}', f'{seen} ,"1"', f", {seen},"):
        assert (await change(server, {}, **{"If-Match": tags})).status == 200, tags
    for tags in ('"999999998", "999999999"', f"W/{seen}", seen.strip('"'), "", '"*"'):
        assert (await change(server, {}, **{"If-Match": tags})).status == 412, tags


async def test_of_two_changes_to_one_version_one_wins(server: Server) -> None:
    seen = (await read(server)).headers["ETag"]
    answers = await asyncio.gather(
        *(change(server, {"rate_limit_messages": 64 + n}, **{"If-Match": seen}) for n in range(8))
    )
    assert sorted(answered.status for answered in answers) == [200] + [412] * 7
    await change(server, {"rate_limit_messages": 60})


async def test_another_server_takes_a_change_over_within_two_seconds(
    server: Server, postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    async with serving(postgres.application_url(database_name), tmp_path) as other:
        await change(server, {"rate_limit_auth": 71})
        await eventually(lambda: other.app[SETTINGS][AUTH] == 71, seconds=2)
        await change(server, {"rate_limit_auth": 60})


async def test_a_flag_starts_as_the_environment_says_and_an_admin_has_the_last_word(
    server: Server, postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    url = postgres.application_url(database_name)
    await change(server, {"feature.guests": True})
    await change(server, {"feature.guests": False})
    async with serving(url, tmp_path, features=("billing", "guests")) as other:
        features = (await other.ask("GET", "/features")).body["features"]
    assert features == {"billing": True, "guests": False}


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        (whole_number("n", default=5, minimum=1, maximum=9, description=""), 10),
        (whole_number("n", default=5, minimum=1, maximum=9, description=""), True),
        (switch("s", default=True, description=""), 1),
        (choice("c", default="a", choices=("a", "b"), description=""), "c"),
        (text("t", default="", longest=3, description=""), "four"),
        (text("t", default="", longest=3, description=""), 4),
    ],
)
def test_a_setting_knows_what_it_can_be(setting: Setting[Any], wrong: object) -> None:
    assert setting.check(setting.default) == setting.default
    with pytest.raises(WrongValue):
        setting.check(wrong)


def test_a_stored_value_that_is_out_of_bounds_today_falls_back_to_the_default() -> None:
    live = LiveSettings(Catalogue([AUTH]))
    live.apply(Changed(3, {"rate_limit_auth": 10**9, "of_an_older_release": 1}))
    assert live[AUTH] == AUTH.default
    assert live.version == 3


def test_an_older_reading_never_overwrites_a_newer_one() -> None:
    live = LiveSettings(Catalogue([AUTH]))
    live.apply(Changed(4, {"rate_limit_auth": 4}))
    live.apply(Changed(3, {"rate_limit_auth": 3}))
    assert live[AUTH] == 4
