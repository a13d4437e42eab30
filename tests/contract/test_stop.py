"""The end: everybody hears of it, and it does not take long."""

import asyncio
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.support.postgres import Postgres
from tests.support.program import started
from tests.support.raw import raw_connection

ROOT = Path(__file__).parents[2]
SOCKETS = 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_two_hundred_sockets_hear_1012_and_the_server_is_out_within_ten_seconds(
    postgres: Postgres, database_with_notes: str, tmp_path: Path, number: signal.Signals
) -> None:
    url = postgres.application_url(database_with_notes).render_as_string(hide_password=False)
    command = (sys.executable, "-m", "tests.specimen", url, str(tmp_path))
    unlimited = aiohttp.TCPConnector(limit=0)
    async with (
        started(*command, cwd=ROOT) as server,
        aiohttp.ClientSession(connector=unlimited) as session,
    ):
        said = (await server.line_with("port ")).split()
        port, token = said[said.index("port") + 1], said[said.index("token") + 1]
        address = f"http://127.0.0.1:{port}/ws/notes?token={token}"
        sockets = [await session.ws_connect(address) for _ in range(SOCKETS)]
        # One that never reads must not hold up the end.
        stuck = sockets[0]._response.connection
        assert stuck is not None
        assert stuck.transport is not None
        stuck.transport.pause_reading()

        async def close_code(ws: aiohttp.ClientWebSocketResponse) -> int | None:
            await ws.receive()
            return ws.close_code

        began = time.monotonic()
        server.signal(number)
        codes = await asyncio.gather(*map(close_code, sockets[1:]))
        assert await server.ended() == 0
        assert time.monotonic() - began < 10
        assert codes == [1012] * (SOCKETS - 1)
        stuck.transport.abort()


async def test_a_request_that_runs_is_answered_before_the_end(
    postgres: Postgres, database_with_notes: str, tmp_path: Path
) -> None:
    url = postgres.application_url(database_with_notes).render_as_string(hide_password=False)
    command = (sys.executable, "-m", "tests.specimen", url, str(tmp_path))
    async with started(*command, cwd=ROOT) as server:
        said = (await server.line_with("port ")).split()
        port, token = said[said.index("port") + 1], said[said.index("token") + 1]
        body = b'{"words": "last"}'
        async with raw_connection(int(port)) as (reader, writer):
            writer.write(
                b"POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n".encode()
                + b"Expect: 100-continue\r\n\r\n"
            )
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            server.signal(signal.SIGTERM)
            await refuses_newcomers(int(port))
            writer.write(body)
            assert (await reader.readline()).startswith(b"HTTP/1.1 201")
        assert await server.ended() == 0


async def refuses_newcomers(port: int) -> None:
    """Return once nobody listens at the port any more."""
    async with asyncio.timeout(10):
        with suppress(OSError):
            while True:
                async with raw_connection(port):
                    pass
