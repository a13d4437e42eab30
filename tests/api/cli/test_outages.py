"""A whole server whose PostgreSQL is in trouble."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.store.embedded.clusters import frozen, processes_of, server_pid
from tests.support.program import PROGRAM, Program, started


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Program, str]]:
    """The server, and its address."""
    command = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
    async with started(*command, cwd=folder) as server:
        port = (await server.line_with("listening on port")).split("port ")[1].split(":")[0]
        # The start is over when the link is made, for which it needs the database.
        await server.line_with("nobody is here yet")
        yield server, f"http://127.0.0.1:{port}"


async def test_the_end_takes_less_than_ten_seconds_even_if_the_database_stands_still(
    tmp_path: Path,
) -> None:
    home = tmp_path / "var" / "postgres"
    sign_in = {"email": "mara@example.org", "password": "lantern-oak-39-river"}
    async with serving(tmp_path) as (server, url), aiohttp.ClientSession() as session:
        with frozen(home):
            asking = asyncio.create_task(session.post(f"{url}/auth/login", json=sign_in))
            # Asked and answered by the same loop, so the other request is under way by then.
            async with session.get(f"{url}/healthz") as answer:
                assert answer.status == 200
            began = time.monotonic()
            server.signal(signal.SIGTERM)
            assert await server.ended() == 0
            assert time.monotonic() - began < 10
            assert processes_of(home) == []
        asking.cancel()
        await asyncio.wait({asking})


async def test_a_database_that_ends_unasked_is_back_soon(tmp_path: Path) -> None:
    home = tmp_path / "var" / "postgres"
    async with serving(tmp_path) as (server, url), aiohttp.ClientSession() as session:
        os.kill(await asyncio.to_thread(server_pid, home), signal.SIGKILL)
        await server.line_with("has ended unasked")
        await server.line_with("PostgreSQL is back")
        async with session.get(f"{url}/readyz") as answer:
            assert (await answer.json())["status"] == "ready"
