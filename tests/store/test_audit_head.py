"""`audit.head`: what it keeps, and what it survives."""

import asyncio
import fcntl
import stat
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from store import audit_head
from store.audit_chain import NOTHING, Head
from store.audit_head import HeadFile, HeadKeeper
from tests.support.audit import Audited, audited, auditing
from tests.support.postgres import Postgres

__all__ = ["audited"]


def head(number: int) -> Head:
    return Head(number, bytes([number % 256]) * 32)


@pytest.fixture
def file(tmp_path: Path) -> HeadFile:
    return HeadFile(tmp_path)


def test_heads_are_read_as_they_were_written(file: HeadFile, tmp_path: Path) -> None:
    assert file.read() == []
    for number in range(3):
        file.append(head(number))
    assert file.read() == [head(0), head(1), head(2)]
    assert stat.S_IMODE((tmp_path / "audit.head").stat().st_mode) == 0o600


@pytest.mark.parametrize("left", [0, 1, 5, 40, 66])
def test_a_line_that_was_torn_is_passed_over_and_the_next_one_stands_alone(
    file: HeadFile, tmp_path: Path, left: int
) -> None:
    file.append(head(1))
    path = tmp_path / "audit.head"
    whole = path.read_bytes()
    file.append(head(2))
    path.write_bytes(whole + path.read_bytes()[len(whole) :][:left])
    torn = file.read()
    assert torn in ([head(1)], [head(1), head(2)])
    file.append(head(3))
    assert file.read() == [*torn, head(3)]


def test_lines_are_dropped_and_the_others_stay(file: HeadFile, tmp_path: Path) -> None:
    for number in range(4):
        file.append(head(number))
    file.drop([head(1), head(2)])
    assert file.read() == [head(0), head(3)]
    assert [path.name for path in tmp_path.iterdir()] == ["audit.head"]


def test_a_line_is_not_lost_with_the_file_that_is_being_replaced(
    file: HeadFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.append(head(1))

    def lock_what_is_replaced(opened: Any, how: int) -> None:
        monkeypatch.undo()
        HeadFile(tmp_path).drop([head(1)])
        fcntl.flock(opened, how)

    monkeypatch.setattr(fcntl, "flock", lock_what_is_replaced)
    file.append(head(2))
    assert file.read() == [head(2)]


async def test_a_file_begins_with_how_long_the_log_was(audited: Audited) -> None:
    assert await asyncio.to_thread(audited.file.read) == [NOTHING]


async def test_each_commit_is_followed_and_a_burst_shares_a_line(audited: Audited) -> None:
    await audited.do("one")
    async with audited.db.begin() as tx:
        tx.audit("two", "user", None)
        tx.audit("three", "user", None)
    async with audited.db.begin() as tx:
        tx.audit("four", "user", None)
    await audited.keeper.follow()
    await audited.keeper.follow()
    hashes = {entry.number: entry.hash for entry in await audited.entries()}
    heads = await asyncio.to_thread(audited.file.read)
    assert heads == [NOTHING, Head(1, hashes[1]), Head(4, hashes[4])]


async def test_what_is_not_committed_is_not_in_the_file(audited: Audited) -> None:
    async with audited.db.begin() as tx:
        tx.audit("one", "user", None)
        recorded = await tx.finish(audited.log.record)
        assert recorded
        await audited.keeper.follow()
        tx.deeds.clear()
    assert await asyncio.to_thread(audited.file.read) == [NOTHING]


async def test_a_restart_goes_on_where_the_file_ends(audited: Audited) -> None:
    await audited.do("one")
    before = await asyncio.to_thread(audited.file.read)
    await HeadKeeper(audited.db, audited.file).follow()
    assert await asyncio.to_thread(audited.file.read) == before


async def test_servers_that_share_a_folder_lose_no_line(
    audited: Audited, postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    async with auditing(postgres, own_database, tmp_path) as other:
        await asyncio.gather(audited.do("a", "b", "c"), other.do("d", "e", "f"))
    heads = await asyncio.to_thread(audited.file.read)
    assert max(head.number for head in heads) == 6
    assert await audited.verify() == 6


async def test_the_file_stays_small_and_keeps_what_contradicts_the_database(
    audited: Audited,
    postgres: Postgres,
    own_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit_head, "_LARGEST_BYTES", 800)
    monkeypatch.setattr(audit_head, "_KEPT_LINES", 3)
    await audited.do(*"abcd")
    lost = (await asyncio.to_thread(audited.file.read))[-1]
    await postgres.tell("DELETE FROM audit_log WHERE number = 4", database=own_database)
    with capture_logs() as logs:
        await audited.keeper.follow()
    assert [(log["event"], log["ends"]) for log in logs] == [("audit_log_cut_off", 3)]
    await audited.do(*"efghijklmnopqrst")
    heads = await asyncio.to_thread(audited.file.read)
    assert heads[0] == NOTHING
    assert lost in heads
    assert [head.number for head in heads[-3:]] == [17, 18, 19]
    assert len(heads) < 12
