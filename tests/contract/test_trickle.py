"""Who sends a byte now and then holds nothing for long."""

import asyncio

import pytest

from api import connection
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


async def test_a_body_that_moves_may_take_its_time(server: Server) -> None:
    body = b'{"words": "x"' + b" " * 40_000 + b"}"
    async with raw_connection(server.port) as (reader, writer):
        writer.write(head_of(server, len(body)))
        # Four spans of patience long, and some of it in each.
        for start in range(0, len(body), 1000):
            writer.write(body[start : start + 1000])
            await asyncio.sleep(0.02)
        assert (await reader.readline()).startswith(b"HTTP/1.1 201")


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
