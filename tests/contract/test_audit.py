"""Whatever an admin changes, on any route, is audited; and nobody's body stands in the log."""

import re
from pathlib import Path
from typing import Any

import pytest

import api
from api.access import Role
from tests.support.server import Server


@pytest.fixture
def admin(server: Server) -> str:
    return server.sign_in(Role.ADMIN)


async def entries_of(server: Server, token: str) -> list[dict[str, Any]]:
    """What this person did, the newest first."""
    actor = server.people.viewer_of(token).user_id
    answered = await server.ask(
        "GET", f"/admin/logs?actor_id={actor}", token=server.sign_in(Role.ADMIN)
    )
    assert answered.status == 200
    entries: list[dict[str, Any]] = answered.body["items"]
    return entries


async def write(server: Server, token: str, **headers: str) -> int:
    answered = await server.ask(
        "POST", "/notes/", token=token, json={"words": "a private matter"}, headers=headers
    )
    return answered.status


async def test_an_admin_s_request_without_an_entry_of_its_own_gets_one(
    server: Server, admin: str
) -> None:
    assert await write(server, admin) == 201
    (entry,) = await entries_of(server, admin)
    assert (entry["action"], entry["entity_type"]) == ("request", "route")
    assert entry["after"] == {"method": "POST", "path": "/notes"}
    assert (entry["before"], entry["entity_id"]) == (None, None)
    assert entry["ip"] == "127.0.0.1"
    assert "private" not in str(entry)


async def test_an_action_with_an_entry_of_its_own_has_no_second_one(
    server: Server, admin: str
) -> None:
    for limit in (61, 60):
        body = {"settings": {"rate_limit_messages": limit}}
        assert (await server.ask("PUT", "/admin/settings", token=admin, json=body)).status == 200
    newest, first = await entries_of(server, admin)
    assert first["action"] == newest["action"] == "settings.change"
    assert (first["before"], first["after"]) == (
        {"rate_limit_messages": 60},
        {"rate_limit_messages": 61},
    )
    assert newest["before"] == first["after"]


async def test_a_refused_request_leaves_no_entry(server: Server, admin: str) -> None:
    body = {"settings": {"rate_limit_messages": 0}}
    assert (await server.ask("PUT", "/admin/settings", token=admin, json=body)).status == 400
    assert await entries_of(server, admin) == []


async def test_a_repeated_request_is_one_action(server: Server, admin: str) -> None:
    for _ in range(2):
        assert await write(server, admin, **{"Idempotency-Key": "again"}) == 201
    assert len(await entries_of(server, admin)) == 1


@pytest.mark.parametrize("role", [Role.PARENT, Role.CHILD])
async def test_others_leave_an_entry_only_where_the_action_has_one(
    server: Server, role: Role
) -> None:
    token = server.sign_in(role)
    assert await write(server, token) == 201
    assert await entries_of(server, token) == []


async def test_looking_is_not_audited(server: Server, admin: str) -> None:
    for path in ("/notes", "/admin/settings", "/admin/logs", "/admin/logs?format=csv"):
        assert (await server.ask("GET", path, token=admin)).status == 200
    assert await entries_of(server, admin) == []


def test_no_route_opens_a_transaction_but_by_begin() -> None:
    """`api.idempotency.begin` is where it is known who acts."""
    around = re.compile(r"\[DB\]\.begin\(")
    for path in Path(api.__file__).parent.rglob("*routes.py"):
        assert not around.search(path.read_text()), path
