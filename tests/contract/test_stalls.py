"""Whoever asks and does not take the answers is not waited for for ever."""

import asyncio
import socket

import pytest

from api import connection
from tests.support.server import Server

ASK = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def narrow_connection(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """One with little room for what has not been read yet."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=narrow)


async def test_a_client_that_takes_no_answer_is_cut_off(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_SECONDS", 0.2)
    _, writer = await narrow_connection(server.port)
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's can, says asyncio
    async with asyncio.timeout(20):
        while not writer.transport.is_closing():
            writer.write(ASK)
            await asyncio.sleep(0.01)


async def test_a_client_that_takes_a_little_now_and_then_gets_all_of_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_SECONDS", 0.5)
    whole = (await server.ask("GET", "/openapi.json")).raw
    reader, writer = await narrow_connection(server.port)
    answers = 20
    writer.write(ASK * answers)
    for _ in range(answers):
        await reader.readuntil(b"\r\n\r\n")
        for start in range(0, len(whole), 100_000):
            await reader.readexactly(min(100_000, len(whole) - start))
            # Slower than the server by far, but never as slow as its patience is long.
            await asyncio.sleep(0.02)
    writer.close()
    await writer.wait_closed()
