import asyncio
import sys
from datetime import UTC, datetime

import pytest

from store import jobs
from store.jobs import Progress, State
from store.leases import LeaseLost
from store.run import LEASE, Run
from tests.support.clock import START
from tests.support.jobs import PATIENCE, Door, House, house, succeed
from tests.support.postgres import Postgres
from tests.support.waiting import eventually

__all__ = ["house"]


async def test_progress_shows_while_a_job_runs_and_stays_when_it_is_done(house: House) -> None:
    door = Door()
    await house.server({"work": door})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(door.entered) == 1)
    for done in range(1, 8):
        door.entered[0].progress(done, 10)
    async with asyncio.timeout(PATIENCE):
        while (job := await house.find(job_id)).progress is None:
            await house.moment()
    assert (job.state, job.progress) == (State.RUNNING, Progress(7, 10))
    door.entered[0].progress(10, 10)
    door.open()
    assert (await house.wait_for(job_id, State.DONE)).progress == Progress(10, 10)


async def test_a_lease_is_renewed_for_as_long_as_the_job_runs(house: House) -> None:
    door, other_door = Door(), Door()
    await house.server({"work": door})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(door.entered) == 1)
    await house.server({"work": other_door})
    for _ in range(30):
        await house.pass_time(10)
    assert house.clock.now() - START > 4 * LEASE
    door.open()
    job = await house.wait_for(job_id, State.DONE)
    assert job.outcome == {"attempt": 1}
    assert other_door.entered == []


async def test_a_lost_lease_cancels_the_handler(house: House) -> None:
    slow, quick = Door(), Door()
    await house.server({"work": slow})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(slow.entered) == 1)

    ahead = house.elsewhere(START + LEASE)
    await ahead.server({"work": quick})
    await eventually(lambda: len(quick.entered) == 1)
    await house.pass_time(30)
    await eventually(lambda: slow.cancelled == 1)
    quick.open()
    job = await ahead.wait_for(job_id, State.DONE)
    assert job.outcome == {"attempt": 2}


async def test_a_lease_that_cannot_be_renewed_cancels_the_handler_when_it_ends(
    house: House,
) -> None:
    door = Door()
    await house.server({"work": door})
    await house.enqueue("work")
    await eventually(lambda: len(door.entered) == 1)
    house.db.is_down = True
    await house.clock.advance(LEASE.total_seconds() - 5)
    assert door.cancelled == 0
    await house.clock.advance(6)
    await eventually(lambda: door.cancelled == 1)


async def test_a_handler_holds_its_job_in_a_transaction_or_learns_that_it_is_lost(
    house: House,
) -> None:
    door = Door()
    await house.server({"work": door})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(door.entered) == 1)
    (run,) = door.entered

    ahead = house.elsewhere(START + LEASE)
    async with house.db.begin() as tx:
        await run.hold(tx)
        async with ahead.db.begin() as other:
            assert await jobs.claim(other, ["work"], lease=LEASE, most=1) == []
    async with ahead.db.begin() as other:
        (claim,) = await jobs.claim(other, ["work"], lease=LEASE, most=1)
    assert claim.id == job_id
    async with house.db.begin() as tx:
        with pytest.raises(LeaseLost):
            await run.hold(tx)


async def test_a_handler_that_finds_its_job_lost_fails_nothing(house: House) -> None:
    lost = asyncio.Event()

    async def hold(run: Run) -> None:
        await lost.wait()
        async with house.db.begin() as tx:
            await run.hold(tx)

    await house.server({"work": hold})
    job_id = await house.enqueue("work")
    await house.quiet()
    door = Door()
    ahead = house.elsewhere(START + LEASE)
    await ahead.server({"work": door})
    await eventually(lambda: len(door.entered) == 1)
    lost.set()
    await house.quiet()
    job = await house.find(job_id)
    assert (job.state, job.attempts, job.outcome) == (State.RUNNING, 2, None)


async def test_a_killed_servers_job_goes_on_after_its_lease(
    house: House, postgres: Postgres, database_name: str
) -> None:
    url = postgres.application_url(database_name).render_as_string(hide_password=False)
    job_id = await house.enqueue("work", datetime.now(UTC))
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.doomed_worker", url, stdout=asyncio.subprocess.PIPE
    )
    assert doomed.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await doomed.stdout.readline() == b"running\n"
    doomed.kill()
    await doomed.wait()

    survivor = house.elsewhere(datetime.now(UTC))
    await survivor.server({"work": succeed, "other": succeed})
    await survivor.wait_for(await survivor.enqueue("other"), State.DONE)
    assert (await survivor.find(job_id)).state is State.RUNNING
    await survivor.pass_time(LEASE.total_seconds())
    job = await survivor.wait_for(job_id, State.DONE)
    assert job.outcome == {"got": {}, "attempt": 2}


async def test_a_job_that_kills_its_servers_is_not_tried_for_ever(house: House) -> None:
    job_id = await house.enqueue("work")
    for _ in range(jobs.MOST_ATTEMPTS):
        async with house.db.begin() as tx:
            assert await jobs.claim(tx, ["work"], lease=LEASE, most=1)
        await house.clock.advance(LEASE.total_seconds())
    door = Door()
    await house.server({"work": door})
    job = await house.wait_for(job_id, State.FAILED)
    assert job.outcome is not None
    assert job.outcome["error"]["code"] == "INTERRUPTED"
    assert door.entered == []
