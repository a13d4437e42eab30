"""Transactions: what they promise, and what an outage looks like from above."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError

from store.clock import SystemClock
from store.database import STANDING, Database, DatabaseAway, Transaction
from store.deeds import Actor, Deed
from tests.support.postgres import Postgres


@pytest.fixture
def heard() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
async def listening(postgres: Postgres, database_name: str, heard: list[tuple[str, Any]]) -> Any:
    async def publish(topic: str, message: Any) -> None:
        heard.append((topic, message))

    db = Database.connect(
        postgres.application_url(database_name), clock=SystemClock(), publish=publish
    )
    yield db
    await db.close()


async def test_announcements_go_out_after_the_commit_and_never_without_it(
    listening: Database, heard: list[tuple[str, Any]]
) -> None:
    async with listening.begin() as tx:
        tx.announce("topic", {"n": 1})
        tx.standing_changed(["u_1"])
        assert heard == []
    told = [("topic", {"n": 1}), ("user:u_1", {"type": "standing"}), (STANDING, {})]
    assert heard == told
    with pytest.raises(ZeroDivisionError):
        async with listening.begin() as tx:
            tx.announce("topic", {"n": 2})
            raise ZeroDivisionError
    assert heard == told


@pytest.mark.parametrize(
    "message", [{"text": "x" * 70_000}, {"at": object()}, {"number": float("nan")}]
)
async def test_what_no_bus_could_carry_is_an_error_before_the_commit(
    listening: Database, heard: list[tuple[str, Any]], message: Any
) -> None:
    async with listening.begin() as tx:
        with pytest.raises((TypeError, ValueError)):
            tx.announce("topic", message)
    assert heard == []


async def test_what_fails_after_the_commit_is_logged_and_not_told(
    postgres: Postgres, database_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    async def publish(topic: str, message: Any) -> None:
        if topic == "broken":
            raise RuntimeError("a bug")
        heard.append(topic)

    db = Database.connect(
        postgres.application_url(database_name), clock=SystemClock(), publish=publish
    )
    async with db.begin() as tx:
        for topic in ("first", "broken", "last"):
            tx.announce(topic, {})
    await db.close()
    assert heard == ["first", "last"]
    assert "announcement_failed" in caplog.text
    assert "RuntimeError: a bug" in caplog.text


async def test_last_writes_come_behind_all_others(listening: Database) -> None:
    written: list[str] = []

    async def last(tx: Transaction) -> None:
        written.append("last")

    async with listening.begin() as tx:
        tx.write_last(last)
        written.append("first")
    assert written == ["first", "last"]


async def test_what_is_audited_is_recorded_behind_all_other_writes(listening: Database) -> None:
    done: list[str] = []

    async def record(tx: Transaction, deeds: Sequence[Deed]) -> None:
        done.extend(deed.action for deed in deeds)
        assert tx.actor == Actor("u_1", "192.0.2.17")

    async def last(tx: Transaction) -> None:
        done.append("last")

    listening.audit_with(record)
    async with listening.begin(Actor("u_1", "192.0.2.17")) as tx:
        tx.audit("first", "thing", None)
        tx.audit("second", "thing", None)
        tx.write_last(last)
    assert done == ["last", "first", "second"]


async def test_what_cannot_be_kept_is_an_error_where_it_is_said(listening: Database) -> None:
    async with listening.begin() as tx:
        for wrong in (object(), float("nan"), b"bytes"):
            with pytest.raises((TypeError, ValueError)):
                tx.audit("odd", "thing", None, after={"value": wrong})
        assert tx.deeds == []


async def test_neither_address_nor_facts_are_shown() -> None:
    actor = Actor("u_1", "192.0.2.17")
    deed = Deed.of("a", "b", None, {"name": "Mara"}, {"name": "Jonas"}, None)
    assert not any(word in repr((actor, deed)) for word in ("192", "Mara", "Jonas"))


async def test_no_statement_and_no_transaction_lasts_longer_than_anybody_waits(
    database: Database,
) -> None:
    async with database.read() as reading:
        assert await reading.scalar(text("SHOW statement_timeout")) == "30s"
        assert await reading.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
        assert await reading.scalar(text("SHOW application_name")) == "hearth"


async def test_a_statement_that_takes_too_long_is_an_outage(database: Database) -> None:
    with pytest.raises(DatabaseAway):
        async with database.begin() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 20"))
            await tx.execute(text("SELECT pg_sleep(10)"))


async def test_a_database_that_is_away_is_an_outage() -> None:
    async def nobody_listens(topic: str, message: Any) -> None: ...

    url = make_url("postgresql+aiopg://x@127.0.0.1:1/x")
    db = Database.connect(url, clock=SystemClock(), publish=nobody_listens)
    for opened in (db.read, db.begin):
        with pytest.raises(DatabaseAway):
            async with opened() as reading:
                await reading.scalar(text("SELECT 1"))
    await db.close()


async def test_two_tasks_in_one_transaction_are_a_mistake_and_no_outage(
    database: Database,
) -> None:
    async with database.begin() as tx:
        first = asyncio.create_task(tx.execute(text("SELECT pg_sleep(0.1)")))
        await asyncio.sleep(0)
        with pytest.raises(InterfaceError, match="another task"):
            await tx.execute(text("SELECT 1"))
        await first


async def test_a_connection_that_is_cut_is_an_outage_once_and_then_replaced(
    database: Database, postgres: Postgres, database_name: str
) -> None:
    async with database.read() as reading:
        pid = await reading.scalar(text("SELECT pg_backend_pid()"))
    await postgres.tell(f"SELECT pg_terminate_backend({pid})")
    async with database.read() as reading:
        assert await reading.scalar(text("SELECT 1")) == 1
    with pytest.raises(DatabaseAway):
        async with database.begin() as tx:
            pid = await tx.scalar(text("SELECT pg_backend_pid()"))
            await postgres.tell(f"SELECT pg_terminate_backend({pid})")
            await tx.scalar(text("SELECT 1"))
    async with asyncio.timeout(20), database.read() as reading:
        assert await reading.scalar(text("SELECT 1")) == 1
