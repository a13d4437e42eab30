"""Who lets people in and keeps them out has an entry for it, or it did not happen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import family
from tests.support.family import Person
from tests.support.postgres import Postgres
from tests.support.server import Server, serving


@pytest.fixture
async def house(postgres: Postgres, own_database: str, tmp_path: Path) -> AsyncIterator[Server]:
    url = postgres.application_url(own_database)
    async with serving(url, tmp_path, real_sign_in=True) as house:
        yield house


async def log_of(admin: Person) -> list[dict[str, Any]]:
    """The newest first."""
    answered = await admin.ask("GET", "/admin/logs?limit=200")
    assert answered.status == 200
    items: list[dict[str, Any]] = answered.body["items"]
    return items


async def test_each_change_of_an_account_has_its_entry(house: Server) -> None:
    admin = await family.admin(house)
    parent = await family.parent(house, admin)
    other = await family.parent(house, admin)
    child = await family.child(parent)
    steps: list[tuple[Person, str, str, dict[str, Any], str]] = [
        (parent, "POST", f"/auth/child/{child.id}/guardians", {"user_id": other.id}, "add"),
        (parent, "DELETE", f"/auth/child/{child.id}/guardians/{other.id}", {}, "remove"),
        (admin, "POST", f"/admin/accounts/{other.id}/suspend", {"reason": "Asked for."}, "suspend"),
        (admin, "POST", f"/admin/accounts/{other.id}/restore", {}, "restore"),
        (admin, "POST", f"/admin/accounts/{other.id}/reset-password", {}, "reset"),
    ]
    for who, method, path, body, word in steps:
        before = len(await log_of(admin))
        answered = await who.ask(method, path, json=body)
        assert answered.status < 300, (path, answered.body)
        newest, *_ = entries = await log_of(admin)
        assert len(entries) == before + 1
        assert word in newest["action"]
        assert newest["actor_id"] == who.id
        assert newest["entity_id"] in path
    actions = {entry["action"] for entry in await log_of(admin)}
    assert {"admin.create", "account.approve", "child.create"} <= actions
    link = (await log_of(admin))[0]
    assert (link["before"], link["after"]) == (None, None)  # no link, no token, no password


async def test_what_cannot_be_written_down_is_not_done(
    house: Server, postgres: Postgres, own_database: str
) -> None:
    admin = await family.admin(house)
    parent = await family.parent(house, admin)
    child = await family.child(parent)
    waiting = await family.pending(house)
    family_of = {"display_name": "Ben", "password": family.PASSWORD}
    steps: list[tuple[Person, str, dict[str, Any]]] = [
        (admin, f"/admin/accounts/{waiting.id}/approve", {}),
        (admin, "/auth/admin/approve", {"user_id": waiting.id}),
        (admin, f"/admin/accounts/{parent.id}/suspend", {}),
        (admin, f"/admin/accounts/{parent.id}/reset-password", {}),
        (parent, "/auth/child", family_of),
        (parent, f"/auth/child/{child.id}/guardians", {"user_id": admin.id}),
    ]

    async def accounts() -> list[tuple[str, str]]:
        answered = await admin.ask("GET", "/admin/accounts")
        return [(user["id"], user["status"]) for user in answered.body["items"]]

    before = await accounts()
    await postgres.tell("REVOKE INSERT ON audit_log FROM hearth", database=own_database)
    for who, path, body in steps:
        assert (await who.ask("POST", path, json=body)).status == 500, path
    assert await accounts() == before
    assert (await parent.sign_in()).status == 200
