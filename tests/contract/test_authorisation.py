"""Who may do what: every route of the application, against everybody there is.

A row names a route and, for each person, what becomes of their request: `.` it is let in (what is
wrong with it otherwise does not matter), `1` 401, `3` 403, `4` 404. The letters stand for, in this
order:

  anonymous, guest, child, sibling, own parent, co-guardian, another family's parent, suspended,
  pending, admin

What a route works on is the child's, or the one that its row names; it is made anew for each
request. A route that is not in the table fails the test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from api.accounts.keys import ACCESS_TOKENS, FRONT_DOOR
from api.accounts.login.service import Form, Recognised
from api.features import ENDPOINTS
from api.keys import AUTHENTICATOR, DB
from store import users
from store.sessions import Device
from tests.support import family
from tests.support.family import PASSWORD, Person
from tests.support.pictures import plain, saved
from tests.support.postgres import Postgres
from tests.support.server import Answered, Server, serving
from tests.support.uploads import send_avatar

Make = Callable[["World"], Awaitable[Mapping[str, str]]]

PEOPLE = (
    "anonymous",
    "guest",
    "child",
    "sibling",
    "own_parent",
    "co_guardian",
    "other_parent",
    "suspended",
    "pending",
    "admin",
)
OPEN = ".........."
MEMBERS = "13.....33."
PARENTS = "1333...33."
ADMINS = "133333333."
ANYBODY = "1......33."


@dataclass(frozen=True, slots=True)
class World:
    """A family of two guardians and two children, a neighbour, and those who are kept outside."""

    server: Server
    people: Mapping[str, Person]

    def __getitem__(self, name: str) -> Person:
        return self.people[name]


async def _nothing(world: World) -> Mapping[str, str]:
    return {}


async def a_child(world: World) -> Mapping[str, str]:
    """A brother of the child, whom the co-guardian cares for as well."""
    made = await family.child(world["own_parent"], "Spare")
    guardian = {"user_id": world["co_guardian"].id}
    path = f"/auth/child/{made.id}/guardians"
    assert (await world["own_parent"].ask("POST", path, json=guardian)).status == 201
    return {"id": made.id, "user_id": world["co_guardian"].id}


async def a_session_of_the_child(world: World) -> Mapping[str, str]:
    token = await _fresh_token(world, "child")
    assert token is not None
    claims = await world.server.app[ACCESS_TOKENS].read(token)
    return {"sid": claims.session_id}


async def a_game_account(world: World) -> Mapping[str, str]:
    token = await _fresh_token(world, "child")
    body = {
        "game_name": "Minecraft",
        "username": "Lia",
        "password_plain": "ciphertext",
        "client_encrypted": True,
    }
    kept = await world.server.ask("POST", "/profiles/me/games", token=token, json=body)
    return {"id": kept.body["id"]}


async def an_avatar(world: World) -> Mapping[str, str]:
    child = replace(world["child"], access=await _fresh_token(world, "child") or "")
    sent = await send_avatar(child, saved(plain()))
    return {"id": sent.body["avatar_url"].removeprefix("/media/")}


async def a_pending_parent(world: World) -> Mapping[str, str]:
    return {"id": (await family.pending(world.server)).id}


async def the_child_s_name(world: World) -> Mapping[str, str]:
    return {"username": world["child"].username}


def at(place: str) -> Make:
    """What is nobody's: a page's file, a provider."""

    async def named(world: World) -> Mapping[str, str]:
        return {"file": place, "provider": place}

    return named


@dataclass(frozen=True, slots=True)
class Row:
    route: str
    outcomes: str
    about: Make = _nothing
    body: Mapping[str, Any] | None = field(default=None)


_NEW_CHILD = {"display_name": "Lia", "password": PASSWORD}

TABLE = [
    # In and out.
    Row("POST /auth/parent/register", OPEN),
    Row("POST /register", OPEN),
    Row("POST /api/signup", OPEN),
    Row("POST /auth/login", OPEN),
    Row("POST /auth/refresh", OPEN, body={"refresh_token": ""}),
    Row("POST /token", OPEN),
    Row("POST /refresh", OPEN),
    Row("POST /logout", OPEN),
    Row("POST /api/login", OPEN),
    Row("POST /api/auth/login/", OPEN),
    Row("POST /api/auth/guest/", OPEN),
    Row("POST /auth/setup", OPEN),
    Row("POST /auth/password/reset", OPEN),
    Row("POST /auth/logout", ANYBODY),
    Row("POST /api/auth/logout/", ANYBODY),
    Row("POST /auth/oauth/{provider}", OPEN, at("google")),
    Row("GET /auth/oauth/{provider}/start", OPEN, at("google")),
    Row("GET /auth/oauth/{provider}/callback", OPEN, at("google")),
    Row("POST /auth/oauth/{provider}/callback", OPEN, at("google")),
    # One's own account.
    Row("GET /auth/sessions", MEMBERS),
    Row("DELETE /auth/sessions/{sid}", "13.4..4334", a_session_of_the_child),
    Row("POST /auth/password", MEMBERS, body={"current": "", "new": ""}),
    Row("POST /auth/totp/enrol", MEMBERS),
    Row("POST /auth/totp/confirm", MEMBERS),
    Row("DELETE /auth/totp", MEMBERS),
    Row("GET /account/export", MEMBERS),
    Row("GET /account/export?user_id={id}", "1344..4334", a_child),
    Row("DELETE /account?user_id={id}", "1344..4334", a_child),
    Row("DELETE /account/deletion?user_id={id}", "1344..4334", a_child),
    # One's own profile, and what belongs to it.
    Row("GET /profiles/me", MEMBERS),
    Row("PUT /profiles/me", MEMBERS),
    Row("POST /profiles/me/avatar", MEMBERS),
    Row("GET /profiles/me/games", MEMBERS),
    Row("POST /profiles/me/games", MEMBERS),
    Row("DELETE /profiles/me/games/{id}", "13.4444334", a_game_account),
    Row("GET /profiles/me/games/{id}/blob", "13.4444334", a_game_account),
    Row("GET /media/{id}", "14.....33.", an_avatar),
    # People.
    Row("GET /users/me", MEMBERS),
    Row("GET /users", MEMBERS),
    Row("GET /users/{username}", MEMBERS, the_child_s_name),
    Row("GET /family", PARENTS),
    Row("POST /auth/child", PARENTS, body=_NEW_CHILD),
    Row("POST /auth/child/{id}/guardians", "1333..4334", a_child, {"user_id": "co_guardian"}),
    Row("DELETE /auth/child/{id}/guardians/{user_id}", "1333..4334", a_child),
    # Administration.
    Row("POST /auth/admin/approve", ADMINS),
    Row("GET /admin/accounts", ADMINS),
    Row("POST /admin/accounts/{id}/approve", ADMINS, a_pending_parent),
    Row("POST /admin/accounts/{id}/suspend", ADMINS, a_child),
    Row("POST /admin/accounts/{id}/restore", ADMINS, a_child),
    Row("POST /admin/accounts/{id}/reset-password", ADMINS, a_child),
    Row("GET /admin/logs", ADMINS),
    Row("GET /admin/settings", ADMINS),
    Row("PUT /admin/settings", ADMINS, body={"settings": {}}),
    # What is there for everybody, and what this server was not given.
    Row("GET /", OPEN),
    Row("GET /features", OPEN),
    Row("GET /healthz", OPEN),
    Row("GET /readyz", OPEN),
    Row("GET /metrics", "4444444444"),
    Row("GET /docs", OPEN),
    Row("GET /docs/{file}", OPEN, at("docs.css")),
    Row("GET /openapi.json", OPEN),
    Row("GET /asyncapi.json", OPEN),
    Row("GET /app/setup", OPEN),
    Row("GET /app/setup/{file}", OPEN, at("setup.css")),
    Row("GET /app/trust", "4444444444"),
    Row("GET /app/trust/hearth-authority.crt", "4444444444"),
]


@pytest.fixture
async def world(postgres: Postgres, database_name: str, tmp_path: Path) -> AsyncIterator[World]:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, real_sign_in=True, features=("guests",)) as server:
        admin = await family.admin(server)
        loose = {"settings": {"rate_limit_auth": 100_000}}
        assert (await admin.ask("PUT", "/admin/settings", json=loose)).status == 200
        own, other, second = [await family.parent(server, admin) for _ in range(3)]
        held = [await family.parent(server, admin) for _ in range(2)]
        child, sibling = await family.child(own, "Lia"), await family.child(own, "Ben")
        path = f"/auth/child/{child.id}/guardians"
        assert (await own.ask("POST", path, json={"user_id": second.id})).status == 201
        for person, status in zip(held, ("SUSPENDED", "PENDING"), strict=True):
            async with server.app[DB].begin() as tx:
                await users.change(tx, person.id, status=status)
        server.app[AUTHENTICATOR].forget()
        answer = await server.ask("POST", "/api/auth/guest/", json={"display_name": "Ruth"})
        guest = answer.body["user"]
        yield World(
            server,
            {
                "guest": Person(server, guest["id"], None, guest["username"]),
                "child": child,
                "sibling": sibling,
                "own_parent": own,
                "co_guardian": second,
                "other_parent": other,
                "suspended": held[0],
                "pending": held[1],
                "admin": admin,
            },
        )


def test_the_table_holds_every_route() -> None:
    served = {
        f"{route.method} {route.path}"
        for endpoint in ENDPOINTS
        for route in endpoint.routes
        if route.handler is not None
    }
    assert {row.route.partition("?")[0] for row in TABLE} == served
    assert len({row.route for row in TABLE}) == len(TABLE)


async def test_everybody_may_do_what_the_table_says_and_nothing_else(world: World) -> None:
    wrong = []
    for row in TABLE:
        for name, expected in zip(PEOPLE, row.outcomes, strict=True):
            answer = await _try(world, row, name)
            if _outcome(answer) != expected:
                wrong.append(f"{row.route}: {name} got {answer.status}, not {expected}")
    assert wrong == []


async def _try(world: World, row: Row, name: str) -> Answered:
    method, path = row.route.split(" ")
    place = path.format(**await row.about(world))
    body = None
    if method != "GET":
        body = {
            key: world[value].id if value in PEOPLE else value
            for key, value in (row.body or {}).items()
        }
    token = await _fresh_token(world, name)
    return await world.server.ask(method, place, token=token, json=body)


async def _fresh_token(world: World, name: str) -> str | None:
    """Of a session of its own: some routes end the one that they are called by."""
    if name == "anonymous":
        return None
    person = world[name]
    if name in {"suspended", "pending"}:
        return person.access
    async with world.server.app[DB].begin() as tx:
        user = await users.find(tx, person.id)
        assert user is not None
        signed_in = await world.server.app[FRONT_DOOR].open(
            tx, Recognised(user), Device("a test", "127.0.0.1"), Form.SINGLE
        )
    return signed_in.access.get_secret_value()


def _outcome(answer: Answered) -> str:
    return {401: "1", 403: "3", 404: "4", 500: "!"}.get(answer.status, ".")
