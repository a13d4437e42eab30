"""One's own profile: what stays, what empties, and what is never one's to say."""

from typing import Any

import pytest

from api.keys import DB
from store import setup_link
from tests.support import family
from tests.support.family import Person
from tests.support.server import Server

FULL = {"bio": "Bakes bread.", "locale": "de-DE", "timezone": "Europe/Berlin"}


async def put(person: Person, **fields: Any) -> dict[str, Any]:
    answered = await person.ask("PUT", "/profiles/me", json=fields)
    assert answered.status == 200, answered.body
    profile: dict[str, Any] = answered.body
    return profile


async def test_a_new_profile_holds_what_the_account_told(mara: Person) -> None:
    answered = await mara.ask("GET", "/profiles/me")
    assert answered.status == 200
    assert answered.body == {
        "id": f"pr_{mara.id.removeprefix('u_')}",
        "user_id": mara.id,
        "display_name": mara.user["display_name"],
        "avatar_url": None,
        "bio": None,
        "locale": None,
        "timezone": None,
        "games": [],
    }


async def test_what_is_changed_is_seen_by_everybody(mara: Person, admin: Person) -> None:
    await put(mara, display_name="Mara B.", **FULL)
    seen = await admin.ask("GET", f"/users/{mara.username}")
    assert (seen.body["display_name"], seen.body["locale"], seen.body["timezone"]) == (
        "Mara B.",
        "de-DE",
        "Europe/Berlin",
    )


async def test_what_is_left_out_stays_and_null_empties(mara: Person) -> None:
    await put(mara, **FULL)
    assert (await put(mara, bio="Sleeps."))["locale"] == "de-DE"
    profile = await put(mara, bio=None, timezone=None)
    assert (profile["bio"], profile["locale"], profile["timezone"]) == (None, "de-DE", None)
    assert await put(mara) == profile


async def test_a_name_can_be_changed_and_never_be_emptied(mara: Person) -> None:
    assert (await put(mara, display_name=" Mara "))["display_name"] == "Mara"
    profile = await put(mara, display_name=None, bio="x")
    assert (profile["display_name"], profile["bio"]) == ("Mara", "x")
    assert (await put(mara, display_name=None))["display_name"] == "Mara"
    refused = await mara.ask("PUT", "/profiles/me", json={"display_name": " "})
    assert refused.code == "VALIDATION_FAILED"


async def test_what_was_got_can_be_put_back(mara: Person) -> None:
    await put(mara, **FULL)
    await mara.ask("POST", "/profiles/me/games", json={"game_name": "Chess", "username": "m"})
    got = (await mara.ask("GET", "/profiles/me")).body
    assert len(got["games"]) == 1
    assert await put(mara, **got) == got
    assert await put(mara, **{**got, "id": "pr_x", "user_id": "u_x", "games": []}) == got


@pytest.mark.parametrize(
    "timezone",
    ["Europe/Atlantis", "europe/berlin", "localtime", "Factory", "../../etc/passwd", "Europe", ""],
)
async def test_a_time_zone_is_one_that_there_is(mara: Person, timezone: str) -> None:
    answered = await mara.ask("PUT", "/profiles/me", json={"timezone": timezone, "bio": "x"})
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")
    assert [detail["field"] for detail in answered.body["error"]["details"]] == ["timezone"]
    assert (await mara.ask("GET", "/profiles/me")).body["bio"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bio", "x" * 1001),
        ("bio", "\x07"),
        ("locale", "German, please"),
        ("email", "other@example.org"),
        ("role", "ADMIN"),
        ("avatar_id", "x"),
    ],
)
async def test_what_is_no_profile_s_is_refused(mara: Person, field: str, value: str) -> None:
    answered = await mara.ask("PUT", "/profiles/me", json={field: value})
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")
    assert [detail["field"] for detail in answered.body["error"]["details"]] == [field]


async def test_a_child_has_a_profile_of_its_own(mara: Person) -> None:
    lia = await family.child(mara)
    await put(lia, bio="Draws dragons.")
    assert (await mara.ask("GET", "/profiles/me")).body["bio"] is None
    assert (await lia.ask("GET", "/profiles/me")).body["user_id"] == lia.id


async def test_without_an_account_there_is_no_profile(house: Server) -> None:
    assert (await house.ask("GET", "/profiles/me")).code == "UNAUTHENTICATED"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", ""), ("GET", "/games")])
async def test_whoever_came_by_the_set_up_link_has_none_yet(
    house: Server, method: str, path: str
) -> None:
    async with house.app[DB].begin() as tx:
        token = await setup_link.make(tx)
    body = {"json": {"bio": "x"}} if method == "PUT" else {}
    answered = await house.ask(method, f"/profiles/me{path}", token=token, **body)
    assert answered.code == "FORBIDDEN"
