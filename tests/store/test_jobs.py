import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from store import jobs
from store.database import Database, Transaction
from store.ids import WrongId, new_id
from store.jobs import Claim, Failure, Progress, State
from store.leases import LeaseLost
from tests.support.clock import START, VirtualClock
from tests.support.jobs import PATIENCE, House, house

LEASE = timedelta(seconds=60)
MINUTE = timedelta(minutes=1)
BROKEN = Failure("CRASHED", "It broke.")


__all__ = ["house"]


@pytest.fixture
def db(house: House) -> Database:
    return house.db


@pytest.fixture
def clock(house: House) -> VirtualClock:
    return house.clock


@pytest.fixture
async def heard(house: House) -> AsyncIterator[list[Any]]:
    messages: list[Any] = []
    async with await house.bus.subscribe(jobs.TOPIC, lambda message: messages.append(message.body)):
        yield messages


async def claim(db: Database, *names: str, most: int = 10) -> list[Claim]:
    async with db.begin() as tx:
        return await jobs.claim(tx, names or ("work",), lease=LEASE, most=most)


async def claim_only(db: Database, *names: str) -> Claim:
    (only,) = await claim(db, *names)
    return only


async def somebody_waits(db: Database) -> None:
    """Return once a statement waits for a lock."""
    async with asyncio.timeout(PATIENCE), db.read() as reading:
        waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1")
        while not await reading.scalar(waiting):  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.005)


async def test_a_job_waits_until_it_is_taken(house: House) -> None:
    job_id = await house.enqueue("work")
    job = await house.find(job_id)
    assert job_id.startswith("job_")
    assert (job.name, job.state, job.attempts) == ("work", State.QUEUED, 0)
    assert job.run_at == job.created_at == START
    assert (job.progress, job.outcome, job.started_at, job.ended_at) == (None,) * 4


async def test_what_nobody_enqueued_is_not_found(db: Database) -> None:
    async with db.read() as reading:
        assert await jobs.find(reading, new_id("job", START)) is None
        with pytest.raises(WrongId):
            await jobs.find(reading, "u_garbage")


async def test_a_job_of_an_undone_transaction_never_was(
    house: House, db: Database, heard: list[Any]
) -> None:
    with suppress(ZeroDivisionError):
        async with db.begin() as tx:
            await jobs.enqueue(tx, "work", {})
            raise ZeroDivisionError
    assert await house.living("work") == []
    assert heard == []


async def test_what_is_due_soon_is_announced_and_what_is_due_later_is_not(
    house: House, heard: list[Any]
) -> None:
    await house.enqueue("later", START + jobs.LONGEST_REST)
    await house.enqueue("soon", START + jobs.LONGEST_REST - timedelta(seconds=1))
    await house.enqueue("now")
    assert heard == [{"name": "soon"}, {"name": "now"}]


async def test_of_one_key_one_job_is_alive(house: House, db: Database) -> None:
    async with db.begin() as tx:
        first = await jobs.enqueue(tx, "work", {"n": 1}, key="k")
        assert await jobs.enqueue(tx, "work", {"n": 2}, key="k") == first
        assert await jobs.enqueue(tx, "work", {}, key="other") != first
        assert await jobs.enqueue(tx, "rest", {}, key="k") != first
    taken = {each.id: each for each in await claim(db)}
    assert taken[first].body == {"n": 1}
    async with db.begin() as tx:
        assert await jobs.enqueue(tx, "work", {}, key="k") == first
        await jobs.finish(tx, taken[first], None, None)
        assert await jobs.enqueue(tx, "work", {}, key="k") != first


async def test_without_a_key_each_is_a_job_of_its_own(house: House) -> None:
    assert await house.enqueue("work") != await house.enqueue("work")
    assert len(await house.living("work")) == 2


@pytest.mark.parametrize("undone", [False, True])
async def test_of_two_that_enqueue_one_key_at_once_the_second_waits_for_the_first(
    house: House, db: Database, undone: bool
) -> None:
    async def enqueue() -> str:
        async with db.begin() as tx:
            return await jobs.enqueue(tx, "work", {}, key="k")

    with suppress(ZeroDivisionError):
        async with db.begin() as tx:
            first = await jobs.enqueue(tx, "work", {}, key="k")
            second = asyncio.create_task(enqueue())
            await somebody_waits(db)
            if undone:
                raise ZeroDivisionError
    assert (await second != first) is undone
    assert len(await house.living("work")) == 1


async def test_only_what_is_due_and_known_is_taken_the_oldest_first(
    house: House, db: Database
) -> None:
    second = await house.enqueue("work", START - MINUTE)
    first = await house.enqueue("work", START - 2 * MINUTE)
    third = await house.enqueue("work", START)
    await house.enqueue("work", START + MINUTE)
    await house.enqueue("unheard-of", START - MINUTE)
    assert {each.id for each in await claim(db, most=2)} == {first, second}
    assert {each.id for each in await claim(db, most=2)} == {third}
    assert await claim(db) == []


async def test_a_taken_job_is_running(house: House, db: Database) -> None:
    job_id = await house.enqueue("work", n=1)
    taken = await claim_only(db)
    assert (taken.id, taken.name, taken.body, taken.attempt) == (job_id, "work", {"n": 1}, 1)
    job = await house.find(job_id)
    assert (job.state, job.attempts, job.started_at) == (State.RUNNING, 1, START)


async def test_what_another_is_taking_is_stepped_over(house: House, db: Database) -> None:
    ids = {await house.enqueue("work") for _ in range(4)}
    async with db.begin() as first, db.begin() as second:
        mine = await jobs.claim(first, ["work"], lease=LEASE, most=2)
        yours = await jobs.claim(second, ["work"], lease=LEASE, most=10)
    assert (len(mine), len(yours)) == (2, 2)
    assert {each.id for each in (*mine, *yours)} == ids


async def test_a_lease_that_ends_lets_another_take_the_job(
    house: House, db: Database, clock: VirtualClock
) -> None:
    job_id = await house.enqueue("work")
    first = await claim_only(db)
    await clock.advance(LEASE.total_seconds() - 1)
    assert await claim(db) == []
    await clock.advance(1)
    second = await claim_only(db)
    assert second.id == first.id == job_id
    assert second.attempt == 2
    assert second.fence > first.fence
    assert (await house.find(job_id)).started_at == START


async def test_a_renewed_lease_goes_on_and_tells_how_far_it_is(
    house: House, db: Database, clock: VirtualClock
) -> None:
    job_id = await house.enqueue("work")
    mine = await claim_only(db)
    await clock.advance(40)
    async with db.begin() as tx:
        assert await jobs.renew(tx, mine, lease=LEASE, progress=Progress(2, 5))
    await clock.advance(40)
    assert await claim(db) == []
    assert (await house.find(job_id)).progress == Progress(2, 5)
    async with db.begin() as tx:
        assert await jobs.renew(tx, mine, lease=LEASE, progress=None)
    assert (await house.find(job_id)).progress == Progress(2, 5)


async def test_who_comes_late_can_write_nothing_any_more(
    house: House, db: Database, clock: VirtualClock
) -> None:
    job_id = await house.enqueue("work")
    late = await claim_only(db)
    await clock.advance(61)
    present = await claim_only(db)
    async with db.begin() as tx:
        assert not await jobs.renew(tx, late, lease=LEASE, progress=Progress(9, 9))
        assert not await jobs.finish(tx, late, {"from": "late"}, None)
        assert await jobs.fail(tx, late, BROKEN, None) is None
        assert not await jobs.put_off(tx, late, START, None)
        with pytest.raises(LeaseLost):
            await jobs.hold(tx, late)
    async with db.begin() as tx:
        assert await jobs.finish(tx, present, {"from": "present"}, None)
        assert not await jobs.finish(tx, present, {"from": "present again"}, None)
    job = await house.find(job_id)
    assert (job.state, job.outcome, job.progress) == (State.DONE, {"from": "present"}, None)


async def test_who_holds_a_job_in_a_transaction_cannot_lose_it_before_the_commit(
    house: House, db: Database, clock: VirtualClock
) -> None:
    await house.enqueue("work")
    mine = await claim_only(db)
    async with db.begin() as tx:
        await jobs.hold(tx, mine)
        await clock.advance(61)
        assert await claim(db) == []
    assert (await claim_only(db)).attempt == 2


async def test_a_held_job_can_be_renewed(house: House, db: Database) -> None:
    await house.enqueue("work")
    mine = await claim_only(db)
    async with db.begin() as holding, db.begin() as renewing:
        await jobs.hold(holding, mine)
        assert await jobs.renew(renewing, mine, lease=LEASE, progress=None)


async def test_a_finished_job_keeps_its_outcome(
    house: House, db: Database, clock: VirtualClock
) -> None:
    job_id = await house.enqueue("work")
    mine = await claim_only(db)
    await clock.advance(5)
    async with db.begin() as tx:
        assert await jobs.finish(tx, mine, {"added": 3}, Progress(3, 3))
    job = await house.find(job_id)
    assert (job.state, job.outcome, job.progress) == (State.DONE, {"added": 3}, Progress(3, 3))
    assert job.ended_at == START + timedelta(seconds=5)


async def test_failed_attempts_back_off_and_the_last_one_is_the_end(
    house: House, db: Database, clock: VirtualClock
) -> None:
    job_id = await house.enqueue("work")
    pauses: list[timedelta] = []
    for attempt in range(1, jobs.MOST_ATTEMPTS):
        mine = await claim_only(db)
        assert mine.attempt == attempt
        async with db.begin() as tx:
            assert await jobs.fail(tx, mine, BROKEN, None) is State.QUEUED
        job = await house.find(job_id)
        assert (job.state, job.ended_at) == (State.QUEUED, None)
        assert job.outcome == {"error": {"code": "CRASHED", "message": "It broke."}}
        pauses.append(job.run_at - clock.now())
        assert await claim(db) == []
        await clock.advance(pauses[-1].total_seconds())
    for number, pause in enumerate(pauses):
        longest = min(timedelta(seconds=10) * 2**number, timedelta(hours=1))
        assert longest / 2 <= pause <= longest
    last = await claim_only(db)
    async with db.begin() as tx:
        assert await jobs.fail(tx, last, BROKEN, None) is State.FAILED
    job = await house.find(job_id)
    assert (job.state, job.attempts) == (State.FAILED, jobs.MOST_ATTEMPTS)
    assert job.ended_at == clock.now()


async def test_what_fails_for_good_is_not_tried_again(house: House, db: Database) -> None:
    job_id = await house.enqueue("work")
    async with db.begin() as tx:
        (mine,) = await jobs.claim(tx, ["work"], lease=LEASE, most=1)
        assert await jobs.fail(tx, mine, BROKEN, Progress(1, 2), for_good=True) is State.FAILED
    job = await house.find(job_id)
    assert (job.state, job.progress) == (State.FAILED, Progress(1, 2))


async def test_putting_off_counts_as_no_attempt(
    house: House, db: Database, clock: VirtualClock
) -> None:
    await house.enqueue("work")
    first = await claim_only(db)
    async with db.begin() as tx:
        assert await jobs.put_off(tx, first, START + MINUTE, None)
    assert await claim(db) == []
    await clock.advance(60)
    second = await claim_only(db)
    assert second.attempt == first.attempt
    assert second.fence > first.fence


async def test_what_goes_back_is_announced(house: House, db: Database, heard: list[Any]) -> None:
    await house.enqueue("work")
    mine = await claim_only(db)
    heard.clear()
    async with db.begin() as tx:
        await jobs.put_off(tx, mine, tx.now, None)
    assert heard == [{"name": "work"}]


async def test_one_job_can_be_taken_before_it_is_due(house: House, db: Database) -> None:
    job_id = await house.enqueue("work", START + MINUTE)
    async with db.begin() as tx:
        mine = await jobs.claim_one(tx, job_id, lease=LEASE)
        assert mine is not None
        assert await jobs.claim_one(tx, job_id, lease=LEASE) is None
        await jobs.finish(tx, mine, None, None)
        assert await jobs.claim_one(tx, job_id, lease=LEASE) is None


async def test_the_next_moment_is_that_of_a_job_or_of_a_lease(
    house: House, db: Database, clock: VirtualClock
) -> None:
    async def next_due(tx: Transaction) -> object:
        return await jobs.next_due(tx, ["work", "rest"])

    async with db.begin() as tx:
        assert await next_due(tx) is None
        await jobs.enqueue(tx, "unheard-of", {}, START - MINUTE)
        assert await next_due(tx) is None
        await jobs.enqueue(tx, "rest", {}, START + 3 * MINUTE)
        assert await next_due(tx) == START + 3 * MINUTE
        await jobs.enqueue(tx, "work", {})
        assert await next_due(tx) == START
        (mine,) = await jobs.claim(tx, ["work"], lease=2 * MINUTE, most=1)
        assert await next_due(tx) == START + 2 * MINUTE
        await jobs.finish(tx, mine, None, None)
        assert await next_due(tx) == START + 3 * MINUTE


async def test_a_planned_run_is_brought_forward_and_never_put_back(
    house: House, db: Database
) -> None:
    async with db.begin() as tx:
        job_id = await jobs.plan(tx, "daily", START + 5 * MINUTE)
        assert await jobs.plan(tx, "daily", START + 9 * MINUTE) == job_id
    assert (await house.find(job_id)).run_at == START + 5 * MINUTE
    async with db.begin() as tx:
        assert await jobs.plan(tx, "daily", tx.now) == job_id
    assert (await house.find(job_id)).run_at == START


async def test_the_sweep_takes_what_ended_long_ago(
    house: House, db: Database, clock: VirtualClock
) -> None:
    old, failed, recent, alive = [await house.enqueue("work") for _ in range(4)]
    taken = {each.id: each for each in await claim(db)}
    async with db.begin() as tx:
        await jobs.finish(tx, taken[old], None, None)
        await jobs.fail(tx, taken[failed], BROKEN, None, for_good=True)
    await clock.advance(jobs.KEPT_FOR.total_seconds())
    async with db.begin() as tx:
        await jobs.finish(tx, taken[recent], None, None)
        assert await jobs.sweep(tx) == 2
        assert await jobs.find(tx, old) is None
        assert await jobs.find(tx, failed) is None
    assert (await house.find(recent)).state is State.DONE
    assert (await house.find(alive)).state is State.RUNNING


def test_a_claim_does_not_show_what_the_job_is_about() -> None:
    secret = Claim("job_x", "work", {"token": "hush"}, START, 1, 1)
    assert "hush" not in repr(secret)
