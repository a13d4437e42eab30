"""A PostgreSQL that stands still: nobody waits for it for ever."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from store import aiopg_connection, database
from store.clock import SystemClock
from store.database import Database, DatabaseAway
from store.embedded import Cluster
from tests.store.embedded.clusters import FAST, ask, frozen, processes_of, running


@pytest.fixture
def own(home: Path) -> Iterator[Cluster]:
    with running(home) as cluster:
        # The dialect is looked for on the disk, once: here, where there is no loop to hold up.
        make_url(cluster.application_url).get_dialect()
        yield cluster


@pytest.fixture
async def db(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    async def nobody_listens(topic: str, message: Any) -> None: ...

    monkeypatch.setattr(aiopg_connection, "CANCEL_TIMEOUT", 0.1)
    monkeypatch.setattr(database, "CONNECTION_SECONDS", 0.5)
    monkeypatch.setattr(database, "ANSWER_SECONDS", 0.5)
    db = Database.connect(
        make_url(own.application_url), clock=SystemClock(), publish=nobody_listens
    )
    yield db
    await db.close()


async def answer(db: Database) -> Any:
    async with db.read() as reading:
        return await reading.scalar(text("SELECT 1"))


async def test_a_statement_without_an_answer_is_an_outage_and_its_connection_given_up(
    db: Database, own: Cluster
) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(DatabaseAway, match="no answer in"):
            async with db.begin() as tx:
                pid = await tx.scalar(text("SELECT pg_backend_pid()"))
                with frozen(own.home):
                    await tx.execute(text("SELECT 1"))
        async with db.read() as reading:
            assert await reading.scalar(text("SELECT pg_backend_pid()")) != pid


async def test_neither_an_old_connection_nor_a_new_one_is_waited_for(
    db: Database, own: Cluster
) -> None:
    async with asyncio.timeout(20):
        assert await answer(db) == 1
        with frozen(own.home):
            # The first finds one in the pool; the second has to connect.
            for _ in range(2):
                with pytest.raises(DatabaseAway, match="no connection within"):
                    await answer(db)
            with pytest.raises(DatabaseAway, match="no connection within"):
                async with db.scan():
                    pass
        assert await answer(db) == 1


async def test_at_the_end_whoever_still_waits_hears_that_there_will_be_no_answer(
    db: Database, own: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ANSWER_SECONDS", 3600)
    under_way = asyncio.Event()

    async def wait_for_an_answer() -> None:
        async with db.begin() as tx:
            await tx.execute(text("SELECT 1"))
            under_way.set()
            await tx.execute(text("SELECT pg_sleep(3600)"))

    async with asyncio.timeout(20):
        waiting = asyncio.create_task(wait_for_an_answer())
        await under_way.wait()
        with frozen(own.home):
            await db.close()
            with pytest.raises(DatabaseAway):
                await waiting
        with pytest.raises(DatabaseAway, match="about to end"):
            await answer(db)


def test_it_is_ended_in_time_and_leaves_nothing_behind(home: Path) -> None:
    cluster = Cluster(home, settings=FAST)
    cluster.start()
    with frozen(home):
        began = time.monotonic()
        cluster.stop(seconds=2)
        assert time.monotonic() - began < 5
        assert processes_of(home) == []
    with running(home):
        assert ask(cluster.application_url, "SELECT 1") == 1
