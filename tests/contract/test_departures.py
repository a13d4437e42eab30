"""Clients that leave in the middle, and bodies that break off: neither is a bug of ours."""

import asyncio
import logging

import pytest
from sqlalchemy import text

from api import connection
from api.keys import METRICS
from store.database import Database
from tests.contract.test_trickle import BODY, head_of
from tests.support.postgres import Postgres
from tests.support.raw import raw_connection
from tests.support.server import Server

_WAITING = text(
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def waiting_process(database: Database) -> int | None:
    """PostgreSQL's process that waits for a lock, if there is one by now."""
    async with database.read() as db:
        found: int | None = await db.scalar(_WAITING)
        return found


async def outcome(server: Server) -> str:
    """The status with which the one request for a note was counted."""
    async with asyncio.timeout(20):
        while True:
            for metric in server.app[METRICS].requests.collect():
                for sample in metric.samples:
                    if sample.labels.get("route") == "/notes" and sample.name.endswith("_total"):
                        return sample.labels["status"]
            await asyncio.sleep(0.01)


def bugs(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_client_that_leaves_in_mid_body_is_no_bug(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_connection(server.port) as (_, writer):
        writer.write(head_of(server, 100) + b"{")
        await writer.drain()
    assert await outcome(server) == "499"
    assert bugs(caplog) == []


async def test_a_body_that_was_cut_off_is_no_bug(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.1)
    async with raw_connection(server.port) as (reader, writer):
        writer.write(head_of(server, 100) + b"{")
        assert await reader.read() == b""
    assert await outcome(server) == "499"
    assert bugs(caplog) == []


async def test_an_outage_is_one_even_if_the_client_has_left_by_then(
    server: Server, database: Database, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.begin() as tx:
        await tx.execute(text("LOCK TABLE notes"))
        async with raw_connection(server.port) as (_, writer), asyncio.timeout(20):
            writer.write(head_of(server, len(BODY)) + BODY)
            while (waiting := await waiting_process(database)) is None:
                pass
        await postgres.tell(f"SELECT pg_terminate_backend({waiting})")
        assert await outcome(server) == "503"
    (told,) = [record.msg for record in caplog.records if record.levelno == logging.WARNING]
    assert isinstance(told, dict)
    assert (told["event"], told["path"]) == ("outage", "/notes")
    assert "terminating connection" in told["reason"]
    assert told["request_id"]


CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize("has_begun", [True, False])
async def test_a_body_that_is_no_http_is_refused_and_the_connection_closed(
    server: Server, caplog: pytest.LogCaptureFixture, has_begun: bool
) -> None:
    head = head_of(server, 0).replace(b"Content-Length: 0", CHUNKED)
    async with raw_connection(server.port) as (reader, writer), asyncio.timeout(20):
        writer.write(head)
        if has_begun:
            await asyncio.sleep(0.05)
        writer.write(b"not a length\r\n{}\r\n")
        said = await reader.read()
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert said.count(b"HTTP/1.") == 1
    assert b'"BAD_REQUEST"' in said
    assert bugs(caplog) == []


async def test_a_body_that_breaks_off_behind_its_answer_is_no_bug(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    head = head_of(server, 0).replace(b"Content-Length: 0", CHUNKED).replace(b"Bearer", b"Basic")
    async with raw_connection(server.port) as (reader, writer), asyncio.timeout(20):
        writer.write(head)
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        writer.write(b"not a length\r\n")
        await reader.read()
    assert bugs(caplog) == []
