"""Accounts in the hands of admins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import family
from tests.support.family import Person
from tests.support.postgres import Postgres
from tests.support.server import Server, serving


@pytest.fixture
async def house(postgres: Postgres, database_name: str, tmp_path: Path) -> AsyncIterator[Server]:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, real_sign_in=True) as server:
        yield server


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


async def act(admin: Person, person: Person, what: str, **body: object) -> str:
    answer = await admin.ask("POST", f"/admin/accounts/{person.id}/{what}", json=body or None)
    assert answer.status == 200, answer.body
    status: str = answer.body["user"]["status"]
    return status


async def me(person: Person) -> tuple[int, str | None]:
    answer = await person.ask("GET", "/users/me")
    return answer.status, answer.code if answer.status != 200 else None


async def test_suspending_ends_the_sessions_and_restoring_lets_in_again(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    assert await act(admin, mara, "suspend", reason="asked for") == "SUSPENDED"
    assert await me(mara) == (403, "SUSPENDED")
    assert (await mara.sign_in()).code == "SUSPENDED"
    refresh = {"refresh_token": mara.refresh}
    assert (await mara.server.ask("POST", "/auth/refresh", json=refresh)).code == "SUSPENDED"
    assert await act(admin, mara, "suspend") == "SUSPENDED"
    assert await act(admin, mara, "restore") == "ACTIVE"
    assert await me(mara) == (401, "UNAUTHENTICATED")
    assert (await mara.server.ask("POST", "/auth/refresh", json=refresh)).status == 401
    assert (await mara.sign_in()).status == 200


async def test_a_suspended_parent_s_children_wait_with_them(admin: Person) -> None:
    mara, jonas = [await family.parent(admin.server, admin) for _ in range(2)]
    lia, ben = await family.child(mara, "Lia"), await family.child(mara, "Ben")
    path = f"/auth/child/{lia.id}/guardians"
    await mara.ask("POST", path, json={"user_id": jonas.id})
    await act(admin, mara, "suspend")
    assert await me(ben) == (403, "SUSPENDED")
    assert (await ben.sign_in()).code == "SUSPENDED"
    assert await me(lia) == (200, None)
    await act(admin, jonas, "suspend")
    assert await me(lia) == (403, "SUSPENDED")
    await act(admin, mara, "restore")
    assert await me(ben) == await me(lia) == (200, None)


async def test_the_last_admin_stays(admin: Person) -> None:
    others = [
        item["id"]
        for item in (await admin.ask("GET", "/admin/accounts?role=ADMIN&limit=200")).body["items"]
        if item["id"] != admin.id and item["status"] == "ACTIVE"
    ]
    for other in others:
        await admin.ask("POST", f"/admin/accounts/{other}/suspend")
    refused = await admin.ask("POST", f"/admin/accounts/{admin.id}/suspend")
    assert (refused.status, refused.code) == (409, "CONFLICT")
    second = await family.admin(admin.server)
    answers = await asyncio.gather(
        admin.ask("POST", f"/admin/accounts/{second.id}/suspend"),
        second.ask("POST", f"/admin/accounts/{admin.id}/suspend"),
    )
    first, last = sorted(answer.status for answer in answers)
    assert first == 200
    assert last in {403, 409}


async def test_moves_that_make_no_sense_are_conflicts(admin: Person) -> None:
    waiting = await family.pending(admin.server)
    answer = await admin.ask("POST", f"/admin/accounts/{waiting.id}/restore")
    assert (answer.status, answer.code) == (409, "CONFLICT")
    mara = await family.parent(admin.server, admin)
    await act(admin, mara, "suspend")
    answer = await admin.ask("POST", f"/admin/accounts/{mara.id}/approve")
    assert (answer.status, answer.code) == (409, "CONFLICT")
    for what in ("approve", "suspend", "restore", "reset-password"):
        for user_id in ("u_01jn8xv3k0e5qr7s9tbcdfghj2", "garbage", "%20"):
            assert (await admin.ask("POST", f"/admin/accounts/{user_id}/{what}")).status == 404


async def test_whoever_asks_to_come_in_can_be_turned_away(admin: Person) -> None:
    stranger = await family.pending(admin.server)
    assert await act(admin, stranger, "suspend") == "SUSPENDED"
    assert (await stranger.sign_in()).code == "SUSPENDED"
    assert await act(admin, stranger, "restore") == "PENDING"
    assert (await stranger.sign_in()).code == "PENDING_APPROVAL"
    assert await act(admin, stranger, "approve") == "ACTIVE"


async def test_an_admin_who_is_about_to_leave_is_none_to_count_on(admin: Person) -> None:
    second = await family.admin(admin.server)
    listed = await admin.ask("GET", "/admin/accounts?role=ADMIN&status=ACTIVE&limit=200")
    for other in listed.body["items"]:
        if other["id"] not in {admin.id, second.id}:
            await admin.ask("POST", f"/admin/accounts/{other['id']}/suspend")
    assert (await second.ask("DELETE", "/account")).status == 202
    assert (await admin.ask("DELETE", "/account")).code == "CONFLICT"
    refused = await second.ask("POST", f"/admin/accounts/{admin.id}/suspend")
    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert await act(admin, second, "suspend") == "SUSPENDED"


async def test_filters_combine(admin: Person) -> None:
    mara = await family.parent(admin.server, admin, email="mara.find%me@example.org")
    lia = await family.child(mara, "Find Lia")
    waiting = await family.pending(admin.server, "waiting-find@example.org")

    async def found(query: str) -> set[str]:
        answer = await admin.ask("GET", f"/admin/accounts?{query}")
        assert answer.status == 200, answer.body
        return {item["id"] for item in answer.body["items"]}

    assert await found("q=FIND") >= {mara.id, lia.id, waiting.id}
    assert await found("q=find&role=CHILD") == {lia.id}
    assert await found("q=find&status=PENDING") == {waiting.id}
    assert await found("q=find&status=PENDING&role=CHILD") == set()
    assert await found("q=find%25me") == {mara.id}
    assert await found("q=find_") == set()
    made = lia.user["created_at"]
    assert await found(f"q=find&created_before={made}") == {mara.id}
    assert await found(f"q=find&created_after={made}") == {waiting.id}
    assert (await admin.ask("GET", "/admin/accounts?role=KING")).status == 400
    page = await admin.ask("GET", "/admin/accounts?q=find&limit=2")
    rest = await admin.ask("GET", f"/admin/accounts?q=find&limit=2&cursor={page.body['next']}")
    ids = [item["id"] for item in (*page.body["items"], *rest.body["items"])]
    assert ids == [waiting.id, lia.id, mara.id]
