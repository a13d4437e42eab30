"""What ends a session ends its tokens and its open sockets, within two seconds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support import family
from tests.support.family import PASSWORD, Person
from tests.support.postgres import Postgres
from tests.support.server import MASTER_KEY, Server, serving

# Generous: the contract's two, and a busy machine's.
SOON = 10
Way = Callable[[Person, Person], Awaitable[None]]


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


@pytest.fixture
async def mara(admin: Person) -> Person:
    return await family.parent(admin.server, admin)


@asynccontextmanager
async def socket_of(person: Person) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    headers = {"Authorization": f"Bearer {person.access}"}
    async with person.server.session.ws_connect(
        f"{person.server.url}/ws/notes", headers=headers
    ) as ws:
        await ws.send_json({"type": "ping"})
        assert (await ws.receive_json())["type"] == "pong"
        yield ws


async def closing_code(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(SOON):
        while True:
            message = await ws.receive()
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
                return ws.close_code


async def sign_out(person: Person, admin: Person) -> None:
    assert (await person.ask("POST", "/auth/logout")).status == 204


async def sign_out_everywhere(person: Person, admin: Person) -> None:
    await person.sign_in()
    body = {"everywhere": True}
    assert (await person.ask("POST", "/auth/logout", json=body)).status == 204


async def be_suspended(person: Person, admin: Person) -> None:
    answer = await admin.ask("POST", f"/admin/accounts/{person.id}/suspend")
    assert answer.status == 200


async def be_reset(person: Person, admin: Person) -> None:
    answer = await admin.ask("POST", f"/admin/accounts/{person.id}/reset-password")
    assert answer.status == 200


async def change_password_elsewhere(person: Person, admin: Person) -> None:
    await person.sign_in()
    body = {"current": PASSWORD, "new": "copper-kite-72-meadow"}
    assert (await person.ask("POST", "/auth/password", json=body)).status == 204


async def use_an_old_token(person: Person, admin: Person) -> None:
    body = {"refresh_token": person.refresh}
    for _ in range(4):
        assert (await person.server.ask("POST", "/auth/refresh", json=body)).status == 200
    # The fifth pair asked for is a theft.
    assert (await person.server.ask("POST", "/auth/refresh", json=body)).code == "REFRESH_REUSED"


@pytest.mark.parametrize(
    "way",
    [
        sign_out,
        sign_out_everywhere,
        be_suspended,
        be_reset,
        change_password_elsewhere,
        use_an_old_token,
    ],
)
async def test_what_ends_a_session_closes_its_sockets(
    mara: Person, admin: Person, way: Way
) -> None:
    token = mara.access
    async with socket_of(mara) as ws, socket_of(admin) as other:
        await way(mara, admin)
        assert await closing_code(ws) in {4401, 4403}
        answer = await mara.server.ask("GET", "/users/me", token=token)
        assert answer.status in {401, 403}
        await other.send_json({"type": "ping"})
        assert (await other.receive_json())["type"] == "pong"


async def test_a_suspended_parent_s_children_lose_their_sockets(
    mara: Person, admin: Person
) -> None:
    lia = await family.child(mara)
    async with socket_of(lia) as ws:
        await be_suspended(mara, admin)
        assert await closing_code(ws) == 4403


async def test_another_server_without_a_bus_hears_of_it_too(
    house: Server, mara: Person, postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path / "other", real_sign_in=True, master_key=MASTER_KEY) as other:
        there = Person(other, mara.id, mara.email, mara.username)
        assert (await there.sign_in()).status == 200
        async with socket_of(there) as ws:
            await mara.sign_in()
            assert (await mara.ask("POST", "/auth/logout", json={"everywhere": True})).status == 204
            assert await closing_code(ws) == 4401
        assert (await there.ask("GET", "/users/me")).status == 401


async def test_over_https_cookies_are_secure(
    postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, real_sign_in=True, trusted_proxies=("127.0.0.1",)) as server:
        admin = await family.admin(server)
        body = {"email": admin.email, "password": PASSWORD}
        headers = {"X-Forwarded-Proto": "https"}
        encrypted = await server.ask("POST", "/auth/login", json=body, headers=headers)
        plain = await server.ask("POST", "/auth/login", json=body)
        for name in ("hearth_refresh", "hearth_media"):
            assert encrypted.cookies[name]["secure"]
            assert not plain.cookies[name]["secure"]
