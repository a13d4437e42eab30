"""Changing and resetting a password, and what ends with the old one."""

import asyncio

import pytest
from pydantic import Secret

from api.accounts.keys import FRONT_DOOR
from api.accounts.login.service import Form
from api.errors import Refusal
from api.keys import DB
from store.sessions import Device
from tests.support import family
from tests.support.clock import MovableClock
from tests.support.family import PASSWORD, Person
from tests.support.server import Answered, Server

NEW = "copper-kite-72-meadow"


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


@pytest.fixture
async def mara(admin: Person) -> Person:
    return await family.parent(admin.server, admin)


async def reset_link(admin: Person, person: Person) -> str:
    answer = await admin.ask("POST", f"/admin/accounts/{person.id}/reset-password")
    assert answer.status == 200
    link: str = answer.body["link"]
    assert "/app/reset#" in link
    return link.partition("#")[2]


async def reset(person: Person, token: str, new: str = NEW) -> Answered:
    body = {"token": token, "new": new}
    return await person.server.ask("POST", "/auth/password/reset", json=body)


async def log_in(person: Person, password: str) -> int:
    body = {"email": person.email, "password": password}
    return (await person.server.ask("POST", "/auth/login", json=body)).status


async def test_a_changed_password_ends_the_other_sessions(mara: Person) -> None:
    other, other_refresh = mara.access, mara.refresh
    await mara.sign_in()
    changed = await mara.ask("POST", "/auth/password", json={"current": PASSWORD, "new": NEW})
    assert changed.status == 204
    assert (await mara.ask("GET", "/users/me")).status == 200
    assert (await mara.server.ask("GET", "/users/me", token=other)).status == 401
    body = {"refresh_token": other_refresh}
    assert (await mara.server.ask("POST", "/auth/refresh", json=body)).status == 401
    assert (await log_in(mara, PASSWORD), await log_in(mara, NEW)) == (401, 200)


async def test_a_bad_new_password_changes_nothing(mara: Person) -> None:
    for new in ("short", "password123", mara.email, mara.username):
        body = {"current": PASSWORD, "new": new}
        answer = await mara.ask("POST", "/auth/password", json=body)
        assert (answer.status, answer.code) == (400, "VALIDATION_FAILED"), new
        assert answer.body["error"]["details"][0]["field"] == "new"
    assert await log_in(mara, PASSWORD) == 200


async def test_from_the_reset_on_the_old_password_serves_no_more(
    admin: Person, mara: Person
) -> None:
    token = await reset_link(admin, mara)
    assert (await mara.ask("GET", "/users/me")).status == 401
    assert await log_in(mara, PASSWORD) == 401
    assert (await reset(mara, token)).status == 204
    assert await log_in(mara, NEW) == 200
    again = await reset(mara, token, "another-kite-72-meadow")
    assert (again.status, again.code) == (401, "INVALID_CREDENTIALS")


async def test_a_link_lasts_an_hour(admin: Person, mara: Person, clock: MovableClock) -> None:
    token = await reset_link(admin, mara)
    clock.move(3600)
    assert (await reset(mara, token)).status == 401


async def test_a_newer_link_takes_the_place_of_the_one_before(admin: Person, mara: Person) -> None:
    old, new = await reset_link(admin, mara), await reset_link(admin, mara)
    assert (await reset(mara, old)).status == 401
    assert (await reset(mara, new)).status == 204


async def test_of_two_who_use_one_link_at_once_one_wins(admin: Person, mara: Person) -> None:
    token = await reset_link(admin, mara)
    answers = await asyncio.gather(
        reset(mara, token, "first-kite-72-meadow"), reset(mara, token, "other-kite-72-meadow")
    )
    assert sorted(answer.status for answer in answers) == [204, 401]


async def test_a_refused_password_does_not_use_the_link_up(admin: Person, mara: Person) -> None:
    token = await reset_link(admin, mara)
    for new in ("password123", mara.email):
        assert (await reset(mara, token, new or "")).code == "VALIDATION_FAILED"
    assert (await reset(mara, token)).status == 204


async def test_a_reset_opens_the_lock_of_too_many_guesses(admin: Person, mara: Person) -> None:
    for _ in range(11):
        await log_in(mara, "a wrong password")
    assert (await reset(mara, await reset_link(admin, mara))).status == 204
    assert await log_in(mara, NEW) == 200


async def test_a_login_that_a_reset_overtakes_opens_no_session(admin: Person, mara: Person) -> None:
    """The password was right when it was checked, and is not when the session would begin."""
    door = mara.server.app[FRONT_DOOR]
    recognised = await door.recognise(mara.email or "", Secret(PASSWORD), None)
    assert (await reset(mara, await reset_link(admin, mara))).status == 204
    with pytest.raises(Refusal):
        async with mara.server.app[DB].begin() as tx:
            await door.open(tx, recognised, Device(None, None), Form.PAIR)
