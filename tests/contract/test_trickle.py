"""Who sends a byte now and then holds nothing for long."""

import asyncio

import pytest
from sqlalchemy import text

from api import connection
from store.database import Database
from tests.support.raw import raw_connection
from tests.support.server import Server


def head_of(server: Server, length: int) -> bytes:
    token = server.sign_in()
    return (
        f"POST /notes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.2)


async def trickle(server: Server, first: bytes, rest: bytes) -> bytes:
    """Send the rest byte by byte until the server has enough of it; gives what it said."""
    async with raw_connection(server.port) as (reader, writer), asyncio.timeout(10):

        async def send() -> None:
            writer.write(first)
            for byte in rest:
                await asyncio.sleep(0.02)
                writer.write(bytes([byte]))

        sending = asyncio.create_task(send())
        try:
            return await reader.read()
        finally:
            sending.cancel()


async def test_a_head_that_trickles_in_is_cut_off(server: Server) -> None:
    assert await trickle(server, b"GET /features HTTP/1.1\r\n", b"X-Slow: " + b"y" * 5000) == b""


async def test_a_connection_that_says_nothing_is_cut_off(server: Server) -> None:
    assert await trickle(server, b"", b"") == b""


async def test_a_body_that_trickles_in_is_cut_off(server: Server) -> None:
    assert await trickle(server, head_of(server, 100_000), b" " * 5000) == b""


async def test_a_body_that_never_comes_is_cut_off(server: Server) -> None:
    assert await trickle(server, head_of(server, 100), b"") == b""


async def test_a_body_that_never_comes_behind_a_refused_upgrade_is_cut_off(server: Server) -> None:
    upgrade = b"GET /features HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE + b"\r\n"
    said = await trickle(server, upgrade + head_of(server, 100), b"")
    assert said.count(b"HTTP/1.1") == 1


async def test_a_body_that_moves_may_take_its_time(server: Server) -> None:
    body = b'{"words": "x"' + b" " * 40_000 + b"}"
    async with raw_connection(server.port) as (reader, writer):
        writer.write(head_of(server, len(body)))
        # Four spans of patience long, and some of it in each.
        for start in range(0, len(body), 1000):
            writer.write(body[start : start + 1000])
            await asyncio.sleep(0.02)
        assert (await reader.readline()).startswith(b"HTTP/1.1 201")


BODY = b'{"words": "x"}'
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    """The status line of the next answer, which is then read to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head.partition(b"\r\n")[0]


@pytest.mark.parametrize("parts", [[BODY], [BODY[:5], BODY[5:]]])
async def test_whoever_is_waiting_for_an_answer_is_no_trickle(
    server: Server, database: Database, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 30)
    async with raw_connection(server.port) as (reader, writer):
        async with database.begin() as tx:
            await tx.execute(text("LOCK TABLE notes"))
            writer.write(head_of(server, len(BODY)))
            for part in parts:
                writer.write(part)
                await asyncio.sleep(0.05)
            # The note is not to be written before three patiences are over.
            await asyncio.sleep(0.6)
        assert await answer_of(reader) == b"HTTP/1.1 201 Created"


async def test_a_rest_after_a_request_with_a_body_is_no_trickle(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 30)
    async with raw_connection(server.port) as (reader, writer):
        for _ in range(2):
            writer.write(head_of(server, len(BODY)))
            await asyncio.sleep(0.05)
            writer.write(BODY)
            assert await answer_of(reader) == b"HTTP/1.1 201 Created"
            await asyncio.sleep(0.5)


async def test_a_body_is_not_cut_off_for_the_time_that_an_earlier_one_took(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 30)
    monkeypatch.setattr(connection, "BODY_SECONDS", 2)
    async with raw_connection(server.port) as (reader, writer):
        writer.write(head_of(server, len(BODY)))
        await asyncio.sleep(0.05)
        writer.write(BODY)
        assert await answer_of(reader) == b"HTTP/1.1 201 Created"
        await asyncio.sleep(1.4)
        writer.write(head_of(server, len(BODY)))
        # Past the first one's two seconds, and well within its own.
        await asyncio.sleep(1)
        writer.write(BODY)
        assert await answer_of(reader) == b"HTTP/1.1 201 Created"


async def test_a_head_that_trickles_in_behind_a_request_is_cut_off(server: Server) -> None:
    whole = b"GET /features HTTP/1.1\r\nHost: localhost\r\n\r\n"
    said = await trickle(server, whole + b"GET /features", b" " * 5000)
    assert said.count(b"HTTP/1.1 200") == 1


async def test_a_quiet_socket_is_not_a_trickle(server: Server) -> None:
    ws = await server.connect(f"/ws/notes?token={server.sign_in()}")
    await asyncio.sleep(0.5)
    await ws.send_json({"type": "ping"})
    assert (await ws.receive_json())["type"] == "pong"
    await ws.close()


async def test_an_idle_connection_between_two_requests_is_not_a_trickle(server: Server) -> None:
    assert (await server.ask("GET", "/features")).status == 200
    await asyncio.sleep(0.5)
    assert (await server.ask("GET", "/features")).status == 200
