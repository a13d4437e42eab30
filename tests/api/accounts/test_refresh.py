"""Refresh tokens: what a session goes on by, and what ends it."""

import asyncio
from typing import Any

import pytest

from api.accounts.keys import ACCESS_TOKENS
from api.keys import AUTHENTICATOR, CLOCK, DB
from store import refresh_tokens, sessions
from tests.support import family
from tests.support.clock import MovableClock
from tests.support.family import Person
from tests.support.server import Answered, Server


@pytest.fixture
async def mara(house: Server) -> Person:
    return await family.parent(house, await family.admin(house))


async def refresh(person: Person, token: str | None = None, **options: Any) -> Answered:
    body = {"refresh_token": token or person.refresh}
    return await person.server.ask("POST", "/auth/refresh", json=body, **options)


async def test_each_refresh_gives_the_next_token(mara: Person) -> None:
    seen = {mara.refresh}
    for _ in range(5):
        answer = await refresh(mara)
        assert answer.status == 200
        mara.refresh = answer.body["refresh"]
        assert mara.refresh not in seen
        seen.add(mara.refresh)
        assert (
            await mara.server.ask("GET", "/users/me", token=answer.body["access"])
        ).status == 200
    listed = await mara.ask("GET", "/auth/sessions")
    assert [session["current"] for session in listed.body["items"]] == [True]


async def test_a_token_from_the_cookie_is_answered_in_the_cookie(mara: Person) -> None:
    body = {"email": mara.email, "password": mara.password}
    signed_in = await mara.server.ask("POST", "/auth/login", json=body)
    assert signed_in.body["refresh"] is None
    cookie = signed_in.cookies["hearth_refresh"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/auth")
    assert cookie["max-age"] == "604800"
    headers = {"Cookie": f"hearth_refresh={cookie.value}"}
    answer = await mara.server.ask("POST", "/auth/refresh", headers=headers)
    assert answer.status == 200
    assert answer.body["refresh"] is None
    assert answer.cookies["hearth_refresh"].value != cookie.value
    assert answer.body["csrf_token"] == signed_in.body["csrf_token"]


async def test_a_used_successor_makes_the_old_token_a_theft(mara: Person) -> None:
    stolen = mara.refresh
    first = await refresh(mara)
    second = await refresh(mara, first.body["refresh"])
    assert second.status == 200
    theft = await refresh(mara, stolen)
    assert (theft.status, theft.code) == (401, "REFRESH_REUSED")
    for token in (second.body["refresh"], first.body["refresh"]):
        assert (await refresh(mara, token)).code == "REFRESH_REUSED"
    access = await mara.server.ask("GET", "/users/me", token=second.body["access"])
    assert access.status == 401


async def test_a_client_that_lost_the_answer_may_ask_again_within_a_minute(
    mara: Person, clock: MovableClock
) -> None:
    lost = await refresh(mara)
    clock.move(55)
    again = await refresh(mara)
    assert again.status == 200
    assert again.body["refresh"] != lost.body["refresh"]
    assert (await refresh(mara, again.body["refresh"])).status == 200
    sibling = await refresh(mara, lost.body["refresh"])
    assert (sibling.status, sibling.code) == (401, "REFRESH_REUSED")


async def test_a_minute_later_it_is_a_theft(mara: Person, clock: MovableClock) -> None:
    await refresh(mara)
    clock.move(61)
    assert (await refresh(mara)).code == "REFRESH_REUSED"


async def test_another_user_agent_is_a_theft(mara: Person) -> None:
    await refresh(mara, headers={"User-Agent": "browser"})
    other = await refresh(mara, headers={"User-Agent": "thief"})
    assert other.code == "REFRESH_REUSED"


async def test_a_fifth_pair_is_a_theft(mara: Person) -> None:
    for _ in range(4):
        assert (await refresh(mara)).status == 200
    assert (await refresh(mara)).code == "REFRESH_REUSED"


async def test_a_race_of_two_leaves_one_session_with_both_signed_in(mara: Person) -> None:
    one, other = await asyncio.gather(refresh(mara), refresh(mara))
    assert (one.status, other.status) == (200, 200)
    for answer in (one, other):
        me = await mara.server.ask("GET", "/users/me", token=answer.body["access"])
        assert me.status == 200
    listed = await mara.server.ask("GET", "/auth/sessions", token=one.body["access"])
    assert len(listed.body["items"]) == 1


async def test_reuse_closes_the_open_sockets(mara: Person) -> None:
    """Sockets come with the conversations; what they ask each second is asked here."""
    authenticator, now = mara.server.app[AUTHENTICATOR], mara.server.app[CLOCK].now()
    viewer = await authenticator.viewer(mara.access, now)
    assert await authenticator.ended([viewer], now) == {}
    first = await refresh(mara)
    await refresh(mara, first.body["refresh"])
    await refresh(mara)
    assert (await authenticator.ended([viewer], now))[viewer].code == "REFRESH_REUSED"


async def test_nobody_stays_signed_in_who_does_not_come_back(
    mara: Person, clock: MovableClock
) -> None:
    clock.move(7 * 86_400)
    answer = await refresh(mara)
    assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED")


@pytest.mark.parametrize("token", ["", "unknown", "x" * 8192, "\u00e4\u2028\U0001f40e"])
async def test_what_is_no_token_is_refused(house: Server, token: str) -> None:
    answer = await house.ask("POST", "/auth/refresh", json={"refresh_token": token})
    assert answer.status in {400, 401}
    assert answer.body["error"]["message"]


async def test_without_any_token_one_is_told_to_sign_in(house: Server) -> None:
    assert (await house.ask("POST", "/auth/refresh")).code == "UNAUTHENTICATED"


async def test_a_session_ends_alone_or_with_all_others(mara: Person) -> None:
    first, first_refresh = mara.access, mara.refresh
    await mara.sign_in()
    second = mara.access
    await mara.sign_in()
    assert (await mara.server.ask("POST", "/auth/logout", token=first)).status == 204
    assert (await mara.server.ask("GET", "/users/me", token=first)).status == 401
    assert (await refresh(mara, first_refresh)).status == 401
    assert (await mara.server.ask("GET", "/users/me", token=second)).status == 200
    everywhere = await mara.ask("POST", "/auth/logout", json={"everywhere": True})
    assert everywhere.status == 204
    for token in (second, mara.access):
        assert (await mara.server.ask("GET", "/users/me", token=token)).status == 401


async def test_the_refresh_cookie_signs_out_with_the_csrf_token_beside_it(mara: Person) -> None:
    body = {"email": mara.email, "password": mara.password}
    signed_in = await mara.server.ask("POST", "/auth/login", json=body)
    cookie = {"Cookie": f"hearth_refresh={signed_in.cookies['hearth_refresh'].value}"}
    assert (await mara.server.ask("POST", "/auth/logout", headers=cookie)).code == "CSRF"
    right = {**cookie, "X-CSRF-Token": signed_in.body["csrf_token"]}
    left = await mara.server.ask("POST", "/auth/logout", headers=right)
    assert left.status == 204
    assert left.cookies["hearth_refresh"]["max-age"] == "0"
    assert (await mara.server.ask("POST", "/auth/refresh", headers=cookie)).status == 401


async def test_the_refresh_cookie_opens_nothing_else(mara: Person) -> None:
    body = {"email": mara.email, "password": mara.password}
    signed_in = await mara.server.ask("POST", "/auth/login", json=body)
    jar = signed_in.cookies
    sent = "; ".join(f"{name}={jar[name].value}" for name in jar)
    assert (await mara.server.ask("GET", "/users/me", headers={"Cookie": sent})).status == 401


async def test_devices_are_listed_and_signed_out_one_by_one(mara: Person) -> None:
    await mara.sign_in()
    old = mara.access
    await mara.sign_in()
    listed = await mara.ask("GET", "/auth/sessions", headers={"User-Agent": "here"})
    devices = listed.body["items"]
    assert [device["current"] for device in devices].count(True) == 1
    assert all(device["address"] == "127.0.0.1" for device in devices)
    claims = await mara.server.app[ACCESS_TOKENS].read(old)
    signed_out = await mara.ask("DELETE", f"/auth/sessions/{claims.session_id}")
    assert signed_out.status == 204
    assert (await mara.server.ask("GET", "/users/me", token=old)).status == 401
    again = await mara.ask("DELETE", f"/auth/sessions/{claims.session_id}")
    assert again.status == 404


async def test_a_thousand_refreshes_at_once_leave_a_consistent_state(mara: Person) -> None:
    """Of one token: at most four pairs, and then everybody is out."""
    admin = await family.admin(mara.server)
    loose = {"settings": {"rate_limit_auth": 100_000}}
    assert (await admin.ask("PUT", "/admin/settings", json=loose)).status == 200
    answers = await asyncio.gather(*(refresh(mara) for _ in range(200)))
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == refresh_tokens.MOST_SIBLINGS
    assert {answer.code for answer in answers if answer.status != 200} == {"REFRESH_REUSED"}
    async with mara.server.app[DB].read() as db:
        assert await sessions.living(db, mara.id, 10) == []
