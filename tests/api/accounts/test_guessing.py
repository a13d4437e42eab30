"""Whoever guesses at passwords: what they learn, and when they are stopped."""

from typing import Any

import pytest

from api.accounts.keys import HASHING
from api.keys import DB
from store import users
from tests.support import family
from tests.support.clock import MovableClock
from tests.support.family import PASSWORD, Person
from tests.support.server import Answered, Server

MINUTE = 60.0


@pytest.fixture
async def mara(house: Server) -> Person:
    return await family.parent(house, await family.admin(house))


async def log_in(house: Server, password: str = "a wrong password", **name: Any) -> Answered:
    return await house.ask("POST", "/auth/login", json={**name, "password": password})


async def test_neither_half_is_told_apart(mara: Person) -> None:
    known = await log_in(mara.server, email=mara.email)
    unknown = await log_in(mara.server, email="nobody@example.org")
    assert (known.status, known.code) == (401, "INVALID_CREDENTIALS")
    assert known.body == unknown.body


async def test_ten_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(
    mara: Person, clock: MovableClock
) -> None:
    for _ in range(10):
        assert (await log_in(mara.server, email=mara.email)).status == 401
    for name in ({"email": mara.email}, {"username": mara.username}):
        locked = await log_in(mara.server, PASSWORD, **name)
        assert (locked.status, locked.code) == (429, "LOCKED")
        assert 890 < int(locked.headers["Retry-After"]) <= 900
    clock.move(15 * MINUTE)
    assert (await log_in(mara.server, PASSWORD, email=mara.email)).status == 200


async def test_a_name_without_an_account_locks_like_any_other(house: Server) -> None:
    for _ in range(10):
        assert (await log_in(house, email="no.body@example.org")).status == 401
    locked = await log_in(house, email="NO.body@example.org")
    assert (locked.status, locked.code) == (429, "LOCKED")
    assert (await log_in(house, email="somebody.else@example.org")).status == 401


async def test_every_form_of_signing_in_counts_for_the_same_lock(mara: Person) -> None:
    wrong = "a wrong password"
    form = {"username": mara.username, "password": wrong}
    by_email = {"email": mara.email, "password": wrong}
    for _ in range(3):
        assert (await mara.server.ask("POST", "/token", data=form)).status == 401
        assert (await mara.server.ask("POST", "/api/login", json=by_email)).status == 401
        assert (await mara.server.ask("POST", "/api/auth/login/", json=by_email)).status == 401
    change = {"current": wrong, "new": "copper-kite-72-meadow"}
    assert (await mara.ask("POST", "/auth/password", json=change)).code == "INVALID_CREDENTIALS"
    assert (await mara.ask("POST", "/auth/password", json=change)).code == "LOCKED"
    assert (await log_in(mara.server, PASSWORD, email=mara.email)).code == "LOCKED"


async def test_a_right_password_forgets_the_wrong_ones(mara: Person) -> None:
    for _ in range(9):
        await log_in(mara.server, email=mara.email)
    assert (await log_in(mara.server, PASSWORD, email=mara.email)).status == 200
    for _ in range(9):
        assert (await log_in(mara.server, email=mara.email)).status == 401


async def test_a_password_that_is_easy_to_guess_is_refused(house: Server) -> None:
    for password in (
        "too short",
        "password123",
        "PASSWORD123",
        "1234567890",
        "qwertyuiop",
        "weak@example.org",
        "Weak@Example.org",
        "x" * 129,
    ):
        body = {"email": "weak@example.org", "password": password}
        answer = await house.ask("POST", "/auth/parent/register", json=body)
        assert (answer.status, answer.code) == (400, "VALIDATION_FAILED"), password
        assert [detail["field"] for detail in answer.body["error"]["details"]] == ["password"]
        assert password not in answer.raw.decode()


async def test_a_username_is_no_password(house: Server) -> None:
    body = {"username": "lantern-oak", "password": "Lantern-Oak"}
    assert (await house.ask("POST", "/register", json=body)).code == "VALIDATION_FAILED"


async def test_letters_are_the_same_however_a_keyboard_spells_them(house: Server) -> None:
    admin = await family.admin(house)
    body = {"email": "accent@example.org", "password": "cafe\u0301-lantern-oak"}
    registered = await house.ask("POST", "/auth/parent/register", json=body)
    user_id = registered.body["user"]["id"]
    await admin.ask("POST", "/auth/admin/approve", json={"user_id": user_id})
    assert (await log_in(house, "caf\u00e9-lantern-oak", email=body["email"])).status == 200


async def test_a_hash_rises_with_the_settings_at_the_next_sign_in(mara: Person) -> None:
    house = mara.server

    async def kept() -> str:
        async with house.app[DB].read() as db:
            found = await users.password_hash(db, mara.id)
        assert found is not None
        return found

    before = await kept()
    admin = await family.admin(house)
    await admin.ask("PUT", "/admin/settings", json={"settings": {"argon2_time_cost": 3}})
    assert house.app[HASHING].is_outdated(before)
    assert (await mara.sign_in()).status == 200
    after = await kept()
    assert "t=3" in after
    assert (await mara.sign_in()).status == 200
    assert await kept() == after
    await admin.ask("PUT", "/admin/settings", json={"settings": {"argon2_time_cost": 2}})
