"""Control frames, and sockets that end in the middle of something."""

import asyncio
import socket
import struct

import pytest
from aiohttp import WSMsgType

from api.ws import serving as ws_serving
from api.ws.flood import FloodMeter
from api.ws.hub import HUB
from tests.contract.test_sockets import PATH, closed, transport_of, works
from tests.support.server import Server
from tests.support.waiting import eventually


async def test_a_ping_before_the_first_frame_is_answered_and_a_pong_let_be(
    server: Server,
) -> None:
    ws = await server.connect(PATH, autoping=False)
    await ws.pong()
    await ws.ping(b"there?")
    answer = await ws.receive(timeout=10)
    assert (answer.type, answer.data) == (WSMsgType.PONG, b"there?")
    await ws.send_json({"type": "auth", "token": server.sign_in()})
    assert await works(ws)
    await ws.close()


async def test_pings_are_no_first_frame(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws_serving, "FIRST_FRAME_SECONDS", 0.2)
    ws = await server.connect(PATH, autoping=False)
    async with asyncio.timeout(20):
        while not ws.closed:
            await ws.ping()
            await ws.receive()
    assert ws.close_code == 4401


async def test_whoever_pings_and_is_gone_is_let_go(server: Server) -> None:
    ws = await server.connect(f"{PATH}?token={server.sign_in()}")
    assert await works(ws)
    transport = transport_of(ws)
    # Closing resets the connection, so that the very first pong breaks it.
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.write(b"\x89\x80\0\0\0\0" * 3)
    transport.abort()
    await eventually(lambda: len(server.app[HUB]) == 0)
    await ws.close()


async def test_a_bug_in_reading_is_logged_and_ends_the_socket(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: FloodMeter, monotonic: float) -> bool:
        raise RuntimeError("a bug")

    ws = await server.connect(f"{PATH}?token={server.sign_in()}")
    monkeypatch.setattr(FloodMeter, "overflows", broken)
    await ws.send_json({"type": "ping"})
    assert await closed(ws) == 1012
    assert "RuntimeError: a bug" in caplog.text
