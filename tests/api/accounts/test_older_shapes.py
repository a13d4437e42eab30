"""Each older shape by a client that knows nothing but that shape, and stays signed in for a day."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.keys import DB
from store import settings
from tests.support import family
from tests.support.clock import MovableClock
from tests.support.family import PASSWORD
from tests.support.server import Server

HOUR = 3600.0


@pytest.fixture
async def open_house(house: Server) -> AsyncIterator[Server]:
    """A house whose two older ways to register let people in at once."""
    await change(house, registration="open")
    yield house
    await change(house, registration="approval")


async def change(house: Server, **values: Any) -> None:
    admin = await family.admin(house)
    answer = await admin.ask("PUT", "/admin/settings", json={"settings": values})
    assert answer.status == 200, answer.body


async def test_the_oauth2_password_form(open_house: Server, clock: MovableClock) -> None:
    body = {"username": "Form.Client", "password": PASSWORD}
    registered = await open_house.ask("POST", "/register", json=body)
    assert registered.status == 201
    assert registered.body["user"]["status"] == "ACTIVE"
    assert registered.body["user"]["username"] == "Form.Client"

    form = {
        "grant_type": "password",
        "username": "form.client",
        "password": PASSWORD,
        "scope": "",
        "client_id": "app",
        "client_secret": "secret",
    }
    pair = await open_house.ask("POST", "/token", data=form)
    assert pair.status == 200
    assert (pair.body["token_type"], pair.body["expires_in"]) == ("bearer", 900)

    for _ in range(24):
        clock.move(HOUR)
        expired = await open_house.ask("GET", "/users/me", token=pair.body["access_token"])
        assert (expired.status, expired.code) == (401, "TOKEN_EXPIRED")
        assert expired.body["detail"] == expired.body["error"]["message"]
        refresh = {"refresh_token": pair.body["refresh_token"]}
        pair = await open_house.ask("POST", "/refresh", json=refresh)
        assert pair.status == 200
        me = await open_house.ask("GET", "/users/me", token=pair.body["access_token"])
        assert me.body["username"] == "Form.Client"

    last = {"refresh_token": pair.body["refresh_token"]}
    assert (await open_house.ask("POST", "/logout", json=last)).status == 204
    assert (await open_house.ask("POST", "/refresh", json=last)).status == 401
    ended = await open_house.ask("GET", "/users/me", token=pair.body["access_token"])
    assert ended.status == 401
    assert (await open_house.ask("POST", "/logout", json=last)).status == 204


async def test_an_old_token_is_refused_at_once_in_the_older_form(open_house: Server) -> None:
    body = {"username": "old-token", "password": PASSWORD}
    await open_house.ask("POST", "/register", json=body)
    first = await open_house.ask("POST", "/token", data=body)
    refresh = {"refresh_token": first.body["refresh_token"]}
    assert (await open_house.ask("POST", "/refresh", json=refresh)).status == 200
    again = await open_house.ask("POST", "/refresh", json=refresh)
    assert (again.status, again.code) == (401, "REFRESH_REUSED")


async def test_one_token_for_a_day(open_house: Server, clock: MovableClock) -> None:
    body = {"email": "day@example.org", "password": PASSWORD}
    registered = await open_house.ask("POST", "/api/signup", json=body)
    assert registered.status == 201
    signed_in = await open_house.ask("POST", "/api/login", json=body)
    assert signed_in.body.keys() == {"access_token", "token_type"}
    token = signed_in.body["access_token"]
    for _ in range(23):
        clock.move(HOUR)
        assert (await open_house.ask("GET", "/users/me", token=token)).status == 200
    clock.move(HOUR)
    assert (await open_house.ask("GET", "/users/me", token=token)).code == "TOKEN_EXPIRED"


async def test_a_cookie_for_a_day(open_house: Server, clock: MovableClock) -> None:
    body = {"email": "cookie@example.org", "password": PASSWORD}
    await open_house.ask("POST", "/api/signup", json=body)
    signed_in = await open_house.ask("POST", "/api/auth/login/", json=body)
    assert signed_in.status == 200
    jar = signed_in.cookies
    session = jar["hearth_session"]
    assert (session["httponly"], session["path"], session["samesite"]) == (True, "/", "Lax")
    cookie = {"Cookie": f"hearth_session={session.value}"}
    for _ in range(23):
        clock.move(HOUR)
        me = await open_house.ask("GET", "/users/me", headers=cookie)
        assert me.body["email"] == "cookie@example.org"

    change = {"display_name": "Nobody"}
    for wrong in ({}, {"X-CSRF-Token": "guessed"}, {"Origin": open_house.url}):
        refused = await open_house.ask(
            "POST", "/auth/child", json=change, headers={**cookie, **wrong}
        )
        assert (refused.status, refused.code) == (403, "CSRF")
    right = {**cookie, "X-CSRF-Token": signed_in.body["csrf_token"]}
    child = {"display_name": "Lia", "password": PASSWORD}
    assert (await open_house.ask("POST", "/auth/child", json=child, headers=right)).status == 201

    elsewhere = {**cookie, "Origin": "https://evil.example"}
    assert (await open_house.ask("POST", "/api/auth/logout/", headers=elsewhere)).status == 403
    here = {**cookie, "Origin": open_house.url}
    left = await open_house.ask("POST", "/api/auth/logout/", headers=here)
    assert left.status == 204
    assert left.cookies["hearth_session"]["max-age"] == "0"
    replayed = await open_house.ask("GET", "/users/me", headers=cookie)
    assert (replayed.status, replayed.code) == (401, "UNAUTHENTICATED")


async def test_a_bearer_token_wins_over_a_cookie(open_house: Server) -> None:
    body = {"email": "both@example.org", "password": PASSWORD}
    await open_house.ask("POST", "/api/signup", json=body)
    signed_in = await open_house.ask("POST", "/api/auth/login/", json=body)
    headers = {"Cookie": f"hearth_session={signed_in.cookies['hearth_session'].value}"}
    left = await open_house.ask(
        "POST", "/auth/logout", token=signed_in.body["token"], headers=headers
    )
    assert left.status == 204


async def test_a_guest_comes_for_a_day(house: Server, clock: MovableClock) -> None:
    name = {"display_name": "Grandma Ruth"}
    assert (await house.ask("POST", "/api/auth/guest/", json=name)).status == 404
    await change(house, **{"feature.guests": True})
    answer = await house.ask("POST", "/api/auth/guest/", json=name)
    await change(house, **{"feature.guests": False})
    assert answer.status == 201
    guest = answer.body["user"]
    assert (guest["role"], guest["is_guest"], guest["families"]) == ("GUEST", True, [])
    refused = await house.ask("GET", "/users/me", token=answer.body["token"])
    assert (refused.status, refused.code) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/register", {"username": "pending-one", "password": PASSWORD}),
        ("/api/signup", {"email": "pending-two@example.org", "password": PASSWORD}),
    ],
)
async def test_the_older_ways_to_register_wait_for_approval_too(
    house: Server, path: str, body: dict[str, str]
) -> None:
    answer = await house.ask("POST", path, json=body)
    assert answer.status == 201
    assert answer.body["user"]["status"] == "PENDING"
    name = body.get("username") or body["email"]
    refused = await house.ask("POST", "/token", data={"username": name, "password": PASSWORD})
    assert refused.code == "PENDING_APPROVAL"


async def test_settings_are_read_by_everybody_at_once(house: Server) -> None:
    await change(house, registration="open")
    async with house.app[DB].read() as db:
        assert (await settings.read(db)).values["registration"] == "open"
    await change(house, registration="approval")
