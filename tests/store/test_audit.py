"""The audit log: no action without its entry, no entry without its action."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from store.audit import Wanted
from store.database import Database, DatabaseAway, NobodyRecords, Transaction
from store.deeds import Actor
from store.ids import new_id
from tests.support.audit import ADMIN, PERSON, Audited, audited, auditing
from tests.support.clock import START, VirtualClock
from tests.support.postgres import Postgres

__all__ = ["audited"]

_TOUCH = text(
    "INSERT INTO settings (name, value, version, changed_at) VALUES (:name, '1', 1, :now)"
    " ON CONFLICT (name) DO UPDATE SET version = settings.version + 1"
)


async def touch(tx: Transaction, name: str) -> None:
    await tx.execute(_TOUCH, {"name": name, "now": tx.now})


async def somebody_waits(db: Database) -> None:
    """Return once a statement waits for a lock."""
    async with asyncio.timeout(30), db.read() as reading:
        waiting = text(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not await reading.scalar(waiting):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.005)


async def test_an_entry_says_who_did_what_to_whom_and_from_where(audited: Audited) -> None:
    async with audited.db.begin(ADMIN) as tx:
        tx.audit(
            "account.suspend",
            "user",
            PERSON,
            before={"status": "ACTIVE"},
            after={"status": "SUSPENDED", "reason": "Größe, 'Anführung', 漢字"},
            concerns=PERSON,
        )
    (entry,) = await audited.entries()
    assert (entry.actor_id, entry.ip) == (ADMIN.user_id, ADMIN.ip)
    assert (entry.action, entry.entity_type) == ("account.suspend", "user")
    assert entry.entity_id == PERSON
    assert entry.before == {"status": "ACTIVE"}
    assert entry.after == {"status": "SUSPENDED", "reason": "Größe, 'Anführung', 漢字"}
    assert (entry.number, len(entry.hash)) == (1, 32)
    assert entry.id.startswith("a_")


async def test_the_server_s_own_deeds_have_no_actor(audited: Audited) -> None:
    async with audited.db.begin() as tx:
        tx.audit("account.erase", "user", PERSON)
    (entry,) = await audited.entries()
    assert (entry.actor_id, entry.ip, entry.before, entry.after) == (None, None, None, None)


async def test_an_address_without_a_person_is_not_kept(audited: Audited) -> None:
    """Nothing could ever erase it."""
    async with audited.db.begin(Actor(None, "192.0.2.17")) as tx:
        tx.audit("settings.change", "settings", None)
    (entry,) = await audited.entries()
    assert entry.ip is None


async def test_what_concerns_nobody_stays_in_the_clear(
    audited: Audited, own_database: str, postgres: Postgres
) -> None:
    async with audited.db.begin() as tx:
        tx.audit("settings.change", "settings", None, after={"p2p_calls": True})
    async with audited.db.read() as db:
        stored = await db.scalar(text("SELECT after_json FROM audit_log"))
    assert stored == '{"p2p_calls":true}'


async def test_nothing_personal_can_be_read_in_the_table(audited: Audited) -> None:
    await audited.do("account.rename")
    async with audited.db.read() as db:
        stored = await db.scalar(text("SELECT string_agg(audit_log::text, '') FROM audit_log"))
    assert "Mara" not in stored
    assert "192.0.2.17" not in stored
    (entry,) = await audited.entries()
    assert entry.after == {"name": "Mara"}
    assert "Mara" not in repr(entry)


async def test_with_a_person_s_key_goes_what_the_log_says_about_them(audited: Audited) -> None:
    await audited.do("account.rename")
    async with audited.db.begin() as tx:
        await audited.envelope.destroy_person_key(tx, PERSON)
    (entry,) = await audited.entries()
    assert (entry.after, entry.ip, entry.entity_id) == (None, ADMIN.ip, PERSON)
    async with audited.db.begin() as tx:
        assert ADMIN.user_id is not None
        await audited.envelope.destroy_person_key(tx, ADMIN.user_id)
    (entry,) = await audited.entries()
    assert (entry.after, entry.ip, entry.actor_id) == (None, None, ADMIN.user_id)
    assert await audited.verify() == 1


async def test_an_entry_that_says_nothing_of_a_person_makes_them_no_key(audited: Audited) -> None:
    """Or the entry of an erasure would bring back the key that it destroyed."""
    async with audited.db.begin() as tx:
        tx.audit("account.erase", "user", PERSON, concerns=PERSON)
    async with audited.db.read() as db:
        assert await audited.envelope.person_keys(db, [PERSON]) == {}


async def test_what_is_sealed_opens_in_its_own_place_only(
    audited: Audited, own_database: str, postgres: Postgres
) -> None:
    await audited.do("first", "second")
    await postgres.tell(
        "UPDATE audit_log SET after_json = (SELECT after_json FROM audit_log WHERE number = 1)"
        " WHERE number = 2",
        database=own_database,
    )
    assert [entry.after for entry in await audited.entries()] == [{"name": "Mara"}, None]


async def test_a_transaction_that_is_undone_leaves_neither_entry_nor_gap(audited: Audited) -> None:
    await audited.do("first")
    with pytest.raises(ZeroDivisionError):
        async with audited.db.begin(ADMIN) as tx:
            tx.audit("lost", "user", PERSON)
            raise ZeroDivisionError
    await audited.do("second")
    assert [(e.number, e.action) for e in await audited.entries()] == [(1, "first"), (2, "second")]
    assert await audited.verify() == 2


async def test_an_entry_that_cannot_be_written_undoes_the_deed(audited: Audited) -> None:
    async with audited.db.begin() as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.audit'))"))
        with pytest.raises(DatabaseAway):
            async with audited.db.begin(ADMIN) as tx:
                await tx.execute(text("SET LOCAL lock_timeout = 20"))
                await touch(tx, "undone")
                tx.audit("touch", "settings", "undone")
    async with audited.db.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM settings")) == 0
    assert await audited.entries() == []


async def test_nothing_is_done_that_nobody_would_record(
    postgres: Postgres, own_database: str
) -> None:
    async def nobody_listens(topic: str, message: object) -> None: ...

    db = Database.connect(
        postgres.application_url(own_database), clock=VirtualClock(), publish=nobody_listens
    )
    with pytest.raises(NobodyRecords):
        async with db.begin() as tx:
            await touch(tx, "unrecorded")
            tx.audit("touch", "settings", "unrecorded")
    async with db.read() as reading:
        assert await reading.scalar(text("SELECT count(*) FROM settings")) == 0
    await db.close()


async def test_the_deeds_of_one_transaction_stand_in_their_order(audited: Audited) -> None:
    async with audited.db.begin(ADMIN) as tx:
        for number in range(5):
            tx.audit(f"step.{number}", "user", PERSON, after={"n": number}, concerns=PERSON)
    assert [entry.action for entry in await audited.entries()] == [f"step.{n}" for n in range(5)]
    await audited.keeper.follow()
    assert await audited.verify() == 5


async def test_two_servers_that_audit_at_once_keep_one_chain(
    audited: Audited, postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    async with auditing(postgres, own_database, tmp_path / "other") as other:

        async def work(server: Audited, number: int) -> None:
            async with server.db.begin(ADMIN) as tx:
                tx.audit(f"deed.{number}", "user", PERSON, after={"n": number}, concerns=PERSON)

        await asyncio.gather(*(work(each, n) for n in range(20) for each in (audited, other)))
    assert [entry.number for entry in await audited.entries()] == list(range(1, 41))
    await audited.keeper.follow()
    assert await audited.verify() == 40


async def test_whoever_audits_first_and_writes_then_waits_for_nobody_crosswise(
    audited: Audited,
) -> None:
    """If the chain's lock were taken where `audit` is called, these two would never end."""
    held, go_on = asyncio.Event(), asyncio.Event()

    async def writes_then_audits() -> None:
        async with audited.db.begin() as tx:
            await touch(tx, "row")
            held.set()
            await go_on.wait()
            tx.audit("second", "settings", "row")

    async def audits_then_writes() -> None:
        await held.wait()
        async with audited.db.begin() as tx:
            tx.audit("first", "settings", "row")
            await touch(tx, "row")

    tasks = [asyncio.create_task(each()) for each in (writes_then_audits, audits_then_writes)]
    await somebody_waits(audited.db)
    go_on.set()
    await asyncio.gather(*tasks)
    assert len(await audited.entries()) == 2


async def test_who_loses_a_deadlock_over_rows_leaves_no_entry(audited: Audited) -> None:
    async with audited.db.begin() as tx:
        await touch(tx, "one")
        await touch(tx, "other")
    both = asyncio.Barrier(2)

    async def crosswise(first: str, second: str) -> None:
        async with audited.db.begin(ADMIN) as tx:
            await touch(tx, first)
            tx.audit("touch", "settings", first)
            await both.wait()
            await touch(tx, second)

    ends = await asyncio.gather(
        crosswise("one", "other"), crosswise("other", "one"), return_exceptions=True
    )
    assert [type(end) for end in ends if end is not None] == [DatabaseAway]
    assert [entry.number for entry in await audited.entries()] == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE audit_log ADD COLUMN x int",
        "DROP TABLE audit_log",
        "GRANT UPDATE ON audit_log TO hearth; UPDATE audit_log SET action = 'nothing'",
    ],
)
async def test_the_application_s_role_cannot_alter_the_log(
    audited: Audited, statement: str
) -> None:
    await audited.do("first")
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with audited.db.begin() as tx:
            await tx.execute(text(statement))
    assert await audited.verify() == 1


async def test_the_log_s_order_wins_over_clocks_that_differ_a_little(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    """And a clock that is far ahead misdates its own entries only."""
    for ahead in (0.0, -30.0, 7200.0, 0.0):
        clock = VirtualClock(START + timedelta(seconds=ahead))
        async with auditing(postgres, own_database, tmp_path, clock) as audited:
            await audited.do(f"deed.{ahead}")
    async with auditing(postgres, own_database, tmp_path) as audited:
        dates = {entry.number: entry.created_at - START for entry in await audited.entries()}
    assert dates == {
        1: timedelta(0),
        2: timedelta(0),
        3: timedelta(seconds=7200),
        4: timedelta(0),
    }


async def test_filters_narrow_together_and_times_include_their_ends(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    clock = VirtualClock()
    other = Actor(new_id("u", START), None)
    async with auditing(postgres, own_database, tmp_path, clock) as audited:
        await audited.do("a")
        await clock.advance(10.000123)
        await audited.do("b", actor=other)
        await clock.advance(10)
        async with audited.db.begin(other) as tx:
            tx.audit("a", "settings", "x")

        async def found(**wanted: object) -> list[int]:
            return [entry.number for entry in await audited.entries(Wanted(**wanted))]  # type: ignore[arg-type]  # the test names the fields

        assert await found() == [1, 2, 3]
        assert await found(action="a") == [1, 3]
        assert await found(actor_id=other.user_id) == [2, 3]
        assert await found(actor_id=other.user_id, action="a") == [3]
        assert await found(entity_type="user") == [1, 2]
        assert await found(entity_id="x") == [3]
        assert await found(action="a", entity_id=PERSON) == [1]
        assert await found(action="none") == []
        shown = (await audited.entries())[1].created_at
        assert shown == START + timedelta(seconds=10)
        assert await found(since=shown) == [2, 3]
        assert await found(until=shown) == [1, 2]
        assert await found(since=shown, until=shown, action="b") == [2]


async def test_a_stream_gives_every_entry_once_and_holds_few(audited: Audited) -> None:
    async with audited.db.begin(ADMIN) as tx:
        for number in range(1001):
            tx.audit("step", "user", PERSON, after={"n": number}, concerns=PERSON)
    sizes: list[int] = []
    numbers: list[int] = []
    async with audited.db.scan() as db:
        async for some in audited.log.stream(db, Wanted()):
            sizes.append(len(some))
            numbers += [entry.number for entry in some]
            assert all(entry.after == {"n": entry.number - 1} for entry in some)
    assert numbers == list(range(1001, 0, -1))
    assert max(sizes) <= 200


async def test_a_scan_cannot_write(audited: Audited) -> None:
    with pytest.raises(Exception, match="read-only"):
        async with audited.db.scan() as db:
            await db.execute(text("DELETE FROM settings"))
    async with audited.db.begin() as tx:
        await touch(tx, "writable again")
