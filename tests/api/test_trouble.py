"""What the log hears of outages and bugs."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.errors import Code, Forbidden
from api.logs import configure_logs
from api.trouble import Trouble
from store.database import Database, DatabaseAway
from store.outage import Outage
from store.redis import RedisDown
from tests.support.clock import VirtualClock


@pytest.fixture
def log() -> Iterator[StringIO]:
    stream = StringIO()
    configure_logs("INFO", stream=stream)
    yield stream
    configure_logs("DEBUG", stream=StringIO())


def lines(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def away(message: str, driver: Exception) -> Outage:
    error = OperationalError("SELECT words FROM letters", {"name": "Mara"}, driver)
    outage = DatabaseAway(f"{message}\n[SQL: SELECT words FROM letters]")
    outage.__cause__ = error
    return outage


def test_an_outage_is_one_line_with_its_cause(log: StringIO) -> None:
    refusal = Trouble(VirtualClock()).refusal(
        away("it has gone", psycopg2.errors.DeadlockDetected("DETAIL: Mara")), path="/notes"
    )
    assert refusal.code is Code.UNAVAILABLE
    (line,) = lines(log)
    assert (line["event"], line["level"], line["path"]) == ("outage", "warning", "/notes")
    assert (line["cause"], line["reason"]) == ("DeadlockDetected", "it has gone")
    assert "letters" not in log.getvalue()
    assert "Mara" not in log.getvalue()


async def test_what_postgresql_calls_it_is_told(log: StringIO, database: Database) -> None:
    with pytest.raises(DatabaseAway) as raised:
        async with database.begin() as tx:
            await tx.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))
    Trouble(VirtualClock()).refusal(raised.value)
    (line,) = lines(log)
    assert (line["cause"], line["sqlstate"]) == ("DeadlockDetected", "40P01")


async def test_an_outage_is_told_once_a_second_for_each_cause(log: StringIO) -> None:
    clock = VirtualClock()
    trouble = Trouble(clock)
    deadlock = away("a", psycopg2.errors.DeadlockDetected())
    timeout = away("b", psycopg2.errors.QueryCanceled())
    for _ in range(100):
        for outage in (deadlock, timeout, RedisDown("c")):
            trouble.refusal(outage)
    assert [line["reason"] for line in lines(log)] == ["a", "b", "c"]
    await clock.advance(1)
    trouble.refusal(deadlock)
    assert len(lines(log)) == 4


def test_a_bug_is_told_in_full_each_time_and_a_refusal_never(log: StringIO) -> None:
    trouble = Trouble(VirtualClock())
    trouble.refusal(Forbidden("Not that."))
    assert lines(log) == []
    for _ in range(2):
        assert trouble.refusal(ZeroDivisionError("a bug")).code is Code.INTERNAL
    assert [line["event"] for line in lines(log)] == ["unhandled_error"] * 2
    assert "ZeroDivisionError: a bug" in lines(log)[0]["exception"]
