from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from store import jobs
from store.jobs import State
from store.run import GiveUp, Run
from store.schedule import daily, every
from store.worker import Worker
from tests.support.clock import START
from tests.support.jobs import Door, House, house, succeed
from tests.support.waiting import eventually

__all__ = ["house"]


async def test_a_periodic_job_is_planned_once_however_many_servers_start(house: House) -> None:
    hourly = [every("work", timedelta(hours=1))]
    for _ in range(4):
        await house.server({"work": succeed}, periodic=hourly)
    await house.quiet()
    (planned,) = await house.living("work")
    assert planned.run_at == START + timedelta(hours=1)


async def test_a_periodic_job_runs_once_each_time_among_several_servers(house: House) -> None:
    ran: list[datetime] = []

    async def note(run: Run) -> None:
        ran.append(run.now)

    for _ in range(3):
        await house.server({"work": note}, periodic=[every("work", timedelta(hours=1))])
    await house.quiet()
    for times in range(1, 4):
        (planned,) = await house.living("work")
        await house.leap_to(planned.run_at)
        done = await house.wait_for(planned.id, State.DONE)
        (following,) = await house.living("work")
        assert done.ended_at is not None
        assert following.run_at == done.ended_at + timedelta(hours=1)
        assert len(ran) == times


async def test_a_periodic_job_that_fails_for_good_runs_again_at_its_next_time(
    house: House,
) -> None:
    async def give_up(run: Run) -> None:
        raise GiveUp("No.")

    await house.server({"work": give_up}, periodic=[every("work", timedelta(hours=1))])
    await house.quiet()
    (planned,) = await house.living("work")
    await house.leap_to(planned.run_at)
    await house.wait_for(planned.id, State.FAILED)
    (following,) = await house.living("work")
    assert following.run_at > house.clock.now()


async def test_a_daily_job_keeps_to_the_wall_clock_when_the_clocks_change(house: House) -> None:
    spring = house.elsewhere(datetime(2026, 3, 28, 12, 0, tzinfo=UTC))
    moments: list[datetime] = []

    async def note(run: Run) -> None:
        moments.append(run.now.replace(second=0, microsecond=0))

    midnight = daily("work", time(0, 0), ZoneInfo("Europe/Berlin"))
    await spring.server({"work": note}, periodic=[midnight])
    await spring.quiet()
    for _ in range(3):
        (planned,) = await spring.living("work")
        await spring.leap_to(planned.run_at)
        await spring.wait_for(planned.id, State.DONE)
    assert moments == [
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 22, 0, tzinfo=UTC),
    ]


async def test_a_clock_that_is_set_back_brings_no_day_twice(house: House) -> None:
    door = Door()
    await house.server({"work": door}, periodic=[daily("work", time(18, 0), ZoneInfo("UTC"))])
    await house.quiet()
    (planned,) = await house.living("work")
    await house.leap_to(planned.run_at)
    await eventually(lambda: len(door.entered) == 1)
    await house.leap_to(planned.run_at - timedelta(seconds=5))
    door.open()
    await house.wait_for(planned.id, State.DONE)
    (following,) = await house.living("work")
    assert following.run_at == planned.run_at + timedelta(days=1)


async def test_a_periodic_job_needs_a_handler(house: House) -> None:
    with pytest.raises(ValueError, match="work"):
        Worker(house.db, house.clock, {}, periodic=[every("work", timedelta(hours=1))])


async def test_a_periodic_job_run_here_takes_the_place_of_its_next_run(house: House) -> None:
    hourly = [every("work", timedelta(hours=1))]
    worker = Worker(house.db, house.clock, {"work": succeed}, periodic=hourly)
    first = await worker.run_here("work")
    assert first is not None
    (following,) = await house.living("work")
    assert following.run_at == START + timedelta(hours=1)
    second = await worker.run_here("work")
    assert second is not None
    assert second.id == following.id
    assert len(await house.living("work")) == 1


async def test_a_periodic_job_that_runs_elsewhere_is_not_run_here(house: House) -> None:
    door = Door()
    hourly = [every("work", timedelta(hours=1))]
    await house.server({"work": door}, periodic=hourly)
    async with house.db.begin() as tx:
        await jobs.plan(tx, "work", tx.now)
    await eventually(lambda: len(door.entered) == 1)
    here = Worker(house.db, house.clock, {"work": succeed}, periodic=hourly)
    assert await here.run_here("work") is None
