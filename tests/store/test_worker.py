import asyncio
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from store import jobs
from store.jobs import Outcome, Progress, State
from store.run import LEASE, GiveUp, RetryLater, Run
from store.worker import Worker
from tests.support.clock import START
from tests.support.jobs import PATIENCE, Door, House, house, succeed
from tests.support.waiting import eventually

__all__ = ["house"]


async def test_a_job_runs_and_its_outcome_is_kept(house: House) -> None:
    await house.server({"work": succeed})
    job = await house.wait_for(await house.enqueue("work", n=1), State.DONE)
    assert job.outcome == {"got": {"n": 1}, "attempt": 1}


async def test_what_is_enqueued_wakes_a_worker_that_rests(house: House) -> None:
    await house.server({"work": succeed})
    await house.quiet()
    job_id = await house.enqueue("work")
    await house.quiet()
    assert (await house.find(job_id)).state is State.DONE
    assert house.clock.now() == START


async def test_a_job_of_an_undone_transaction_never_runs(house: House) -> None:
    ran: list[Any] = []

    async def note(run: Run) -> None:
        ran.append(run.body["n"])

    await house.server({"work": note})
    with suppress(ZeroDivisionError):
        async with house.db.begin() as tx:
            await jobs.enqueue(tx, "work", {"n": "undone"})
            raise ZeroDivisionError
    await house.wait_for(await house.enqueue("work", n="committed"), State.DONE)
    assert ran == ["committed"]


async def test_many_servers_run_each_job_once_and_never_twice_at_a_time(house: House) -> None:
    running: set[int] = set()
    ran: Counter[int] = Counter()

    async def alone(run: Run) -> None:
        number = run.body["number"]
        assert number not in running
        running.add(number)
        ran[number] += 1
        await asyncio.sleep(0.001)
        running.remove(number)

    for _ in range(4):
        await house.server({"work": alone}, concurrency=3)
    ids = [await house.enqueue("work", number=number) for number in range(60)]
    for job_id in ids:
        await house.wait_for(job_id, State.DONE)
    assert ran == dict.fromkeys(range(60), 1)


async def test_a_worker_runs_as_many_jobs_at_once_as_it_may(house: House) -> None:
    door = Door()
    await house.server({"work": door}, concurrency=2)
    ids = [await house.enqueue("work") for _ in range(5)]
    await eventually(lambda: len(door.entered) == 2)
    await house.quiet()
    assert len(door.entered) == 2
    door.open()
    for job_id in ids:
        await house.wait_for(job_id, State.DONE)


async def test_a_job_for_later_runs_at_its_time(house: House) -> None:
    moments: list[datetime] = []

    async def note(run: Run) -> None:
        moments.append(run.now)

    await house.server({"work": note})
    due = START + timedelta(minutes=10)
    job_id = await house.enqueue("work", due)
    await house.leap_to(due - timedelta(seconds=2))
    await house.quiet()
    assert moments == []
    await house.wait_for(job_id, State.DONE)
    assert due <= moments[0] <= due + jobs.LONGEST_REST


async def test_a_quiet_worker_asks_only_now_and_then(house: House) -> None:
    await house.server({"work": succeed})
    await house.enqueue("work", START + timedelta(days=1))
    await house.quiet()
    asked = house.db.begun
    await house.pass_time(jobs.LONGEST_REST.total_seconds() - 1)
    assert house.db.begun == asked
    await house.pass_time(1)
    assert house.db.begun == asked + 1


async def test_a_job_that_fails_is_tried_again_after_a_while(house: House) -> None:
    async def fail_twice(run: Run) -> Outcome:
        if run.attempt < 3:
            raise ConnectionError("token=hush")
        return {"at last": run.attempt}

    await house.server({"work": fail_twice})
    job_id = await house.enqueue("work")
    for attempt in (1, 2):
        job = await house.wait_for(job_id, State.QUEUED, attempt)
        assert job.outcome is not None
        assert job.outcome["error"]["code"] == "CRASHED"
        assert "ConnectionError" in job.outcome["error"]["message"]
        assert "hush" not in job.outcome["error"]["message"]
        assert job.run_at - house.clock.now() > timedelta(seconds=3)
        await house.leap_to(job.run_at - timedelta(seconds=1))
        assert (await house.find(job_id)).attempts == attempt
    job = await house.wait_for(job_id, State.DONE)
    assert job.outcome == {"at last": 3}


async def test_a_job_that_always_fails_is_given_up(house: House) -> None:
    async def fail(run: Run) -> None:
        raise ValueError

    await house.server({"work": fail})
    job_id = await house.enqueue("work")
    for attempt in range(1, jobs.MOST_ATTEMPTS):
        job = await house.wait_for(job_id, State.QUEUED, attempt)
        await house.leap_to(job.run_at)
    job = await house.wait_for(job_id, State.FAILED)
    assert job.attempts == jobs.MOST_ATTEMPTS


async def test_a_handler_can_give_up(house: House) -> None:
    async def give_up(run: Run) -> None:
        raise GiveUp("There is no such wiki.")

    await house.server({"work": give_up})
    job = await house.wait_for(await house.enqueue("work"), State.FAILED)
    assert job.outcome == {"error": {"code": "GAVE_UP", "message": "There is no such wiki."}}
    assert job.attempts == 1


async def test_a_handler_can_ask_for_patience(house: House) -> None:
    asked = 0

    async def be_polite(run: Run) -> Outcome:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RetryLater(timedelta(minutes=20))
        return {"attempt": run.attempt}

    await house.server({"work": be_polite})
    job_id = await house.enqueue("work")
    await eventually(lambda: asked == 1)
    job = await house.wait_for(job_id, State.QUEUED)
    assert timedelta(minutes=20) <= job.run_at - START < timedelta(minutes=21)
    await house.leap_to(job.run_at)
    job = await house.wait_for(job_id, State.DONE)
    assert job.outcome == {"attempt": 1}


@pytest.mark.parametrize("outcome", [{"when": START}, {"share": float("nan")}])
async def test_an_outcome_that_cannot_be_kept_is_the_handlers_failure(
    house: House, outcome: Outcome
) -> None:
    async def answer(run: Run) -> Outcome:
        return outcome

    await house.server({"work": answer})
    job = await house.wait_for(await house.enqueue("work"), State.QUEUED, 1)
    assert job.outcome is not None
    assert job.outcome["error"]["code"] == "CRASHED"


async def test_a_cancellation_that_a_handler_runs_into_is_a_failed_attempt(house: House) -> None:
    async def wait_for_what_is_cancelled(run: Run) -> None:
        awaited = asyncio.get_running_loop().create_future()
        awaited.cancel()
        await awaited

    await house.server({"work": wait_for_what_is_cancelled})
    job = await house.wait_for(await house.enqueue("work"), State.QUEUED, 1)
    assert job.outcome is not None
    assert "CancelledError" in job.outcome["error"]["message"]


async def test_a_worker_that_stops_lets_short_work_end(house: House) -> None:
    door = Door()
    worker = await house.server({"work": door})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(door.entered) == 1)
    stopping = asyncio.create_task(worker.stop(grace=PATIENCE))
    await asyncio.sleep(0)
    door.open()
    await stopping
    assert (await house.find(job_id)).state is State.DONE
    assert door.cancelled == 0


async def test_a_worker_that_stops_hands_long_work_to_another(house: House) -> None:
    long = Door()
    worker = await house.server({"work": long})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(long.entered) == 1)
    long.entered[0].progress(1, 9)
    await house.server({"work": succeed})
    await worker.stop(grace=0.01)
    assert long.cancelled == 1
    job = await house.wait_for(job_id, State.DONE)
    # Being handed over is no failure of the job, and its progress so far was not lost on the way.
    assert (job.outcome, job.progress) == ({"got": {}, "attempt": 1}, Progress(1, 9))
    assert house.clock.now() - START < LEASE


async def test_a_stopped_worker_takes_nothing_any_more(house: House) -> None:
    worker = await house.server({"work": succeed})
    await house.wait_for(await house.enqueue("work"), State.DONE)
    await worker.stop()
    job_id = await house.enqueue("work")
    await house.quiet()
    assert (await house.find(job_id)).state is State.QUEUED


async def test_a_handler_that_will_not_stop_does_not_hold_up_the_server(house: House) -> None:
    entered, released = asyncio.Event(), asyncio.Event()

    async def clutch(run: Run) -> None:
        entered.set()
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()

    worker = await house.server({"work": clutch})
    job_id = await house.enqueue("work")
    await entered.wait()
    async with asyncio.timeout(PATIENCE):
        await worker.stop(grace=0)
    # Nobody else may have it yet, for it is still at work.
    assert (await house.find(job_id)).state is State.RUNNING
    released.set()
    await house.wait_for(job_id, State.DONE)


async def test_a_worker_outlives_an_outage_of_the_database(house: House) -> None:
    house.db.is_down = True
    await house.server({"work": succeed})
    await house.clock.advance(60)
    house.db.is_down = False
    await house.wait_for(await house.enqueue("work"), State.DONE)


async def test_work_done_during_an_outage_is_noted_after_it(house: House) -> None:
    door = Door()
    await house.server({"work": door})
    job_id = await house.enqueue("work")
    await eventually(lambda: len(door.entered) == 1)
    house.db.is_down = True
    door.open()
    await house.clock.advance(10)
    house.db.is_down = False
    job = await house.wait_for(job_id, State.DONE)
    assert job.attempts == len(door.entered) == 1


async def test_a_job_can_be_run_here_and_now(house: House) -> None:
    worker = Worker(house.db, house.clock, {"work": succeed})
    job = await worker.run_here("work", {"n": 1})
    assert job is not None
    assert (job.state, job.outcome) == (State.DONE, {"got": {"n": 1}, "attempt": 1})
