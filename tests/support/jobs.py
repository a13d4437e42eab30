"""Servers that share a database full of jobs, and a time that moves when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from store import jobs
from store.bus.local import LocalBus
from store.database import Database, DatabaseAway, Transaction
from store.deeds import SERVER, Actor
from store.jobs import Job, JobRow, Outcome, State
from store.run import JobHandler, Run
from store.schedule import Periodic
from store.worker import Worker
from tests.support.clock import START, VirtualClock

PATIENCE = 30.0


class LeapingClock(VirtualClock):
    async def leap(self, seconds: float) -> None:
        """Let time pass at one stroke: whoever should have woken on the way wakes at its end."""
        self._elapsed += seconds
        await self.advance(0)


class FrailDatabase(Database):
    """A database that can be out of reach, and knows what is under way in it."""

    def __init__(self, engine: AsyncEngine, clock: VirtualClock, bus: LocalBus) -> None:
        super().__init__(engine, clock=clock, publish=bus.publish)
        self.is_down = False
        self.begun = 0
        self.under_way = 0

    @asynccontextmanager
    async def begin(self, actor: Actor = SERVER) -> AsyncIterator[Transaction]:
        if self.is_down:
            raise DatabaseAway("it was taken down")
        self.begun += 1
        self.under_way += 1
        try:
            async with super().begin(actor) as tx:
                yield tx
        finally:
            self.under_way -= 1


class House:
    def __init__(self, engine: AsyncEngine, start: datetime = START) -> None:
        self.clock = LeapingClock(start)
        self.bus = LocalBus()
        self.db = FrailDatabase(engine, self.clock, self.bus)
        self._engine = engine
        self._workers: list[Worker] = []
        self._others: list[House] = []

    @classmethod
    async def over(cls, database: Database) -> "House":
        async with database.begin() as tx:
            await tx.execute(delete(JobRow))
            return cls(tx.connection.engine)

    def elsewhere(self, start: datetime) -> "House":
        """The same database, seen from where another clock goes."""
        other = House(self._engine, start)
        self._others.append(other)
        return other

    async def server(
        self,
        handlers: Mapping[str, JobHandler],
        *,
        periodic: Iterable[Periodic] = (),
        concurrency: int = 4,
    ) -> Worker:
        """One that runs until the test ends, or stops it."""
        worker = Worker(self.db, self.clock, handlers, periodic=periodic, concurrency=concurrency)
        await self.bus.subscribe(jobs.TOPIC, lambda _: worker.wake())
        worker.start()
        self._workers.append(worker)
        return worker

    async def close(self) -> None:
        for worker in self._workers:
            await worker.stop(grace=0)
        for other in self._others:
            await other.close()

    async def enqueue(self, name: str, run_at: datetime | None = None, **body: Any) -> str:
        async with self.db.begin() as tx:
            return await jobs.enqueue(tx, name, body, run_at)

    async def find(self, job_id: str) -> Job:
        async with self.db.read() as db:
            job = await jobs.find(db, job_id)
        assert job is not None
        return job

    async def living(self, name: str) -> list[Job]:
        living = select(JobRow.id).where(JobRow.name == name, JobRow.ended_at.is_(None))
        async with self.db.read() as db:
            ids = (await db.scalars(living)).all()
        return [await self.find(each) for each in ids]

    async def wait_for(self, job_id: str, state: State, attempts: int | None = None) -> Job:
        """Let the servers work, and a little time pass, until the job is in this state."""
        async with asyncio.timeout(PATIENCE):
            while True:
                job = await self.find(job_id)
                if job.state == state and attempts in {None, job.attempts}:
                    return job
                await self.moment()

    async def moment(self) -> None:
        # Far slower than the real time in which the database answers: no lease ends by it.
        await self.clock.advance(0.05)
        await asyncio.sleep(0.005)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, at no time in the middle of a transaction."""
        await self.quiet()
        await self.clock.advance(seconds)
        await self.quiet()

    async def leap_to(self, moment: datetime) -> None:
        await self.quiet()
        await self.clock.leap((moment - self.clock.now()).total_seconds())
        await self.quiet()

    async def quiet(self) -> None:
        """Return once the database has nothing to do, and everybody had the time to rest."""
        calm = 0
        async with asyncio.timeout(PATIENCE):
            while calm < 20:
                calm = 0 if self.db.under_way else calm + 1
                await asyncio.sleep(0.001 if self.db.under_way else 0)


class Door:
    """A handler that waits behind a door, and tells what happened to it there."""

    def __init__(self) -> None:
        self.entered: list[Run] = []
        self.cancelled = 0
        self._open = asyncio.Event()

    def open(self) -> None:
        self._open.set()

    async def __call__(self, run: Run) -> Outcome:
        self.entered.append(run)
        try:
            await self._open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return {"attempt": run.attempt}


async def succeed(run: Run) -> Outcome:
    return {"got": run.body, "attempt": run.attempt}


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    house = await House.over(database)
    yield house
    await house.close()
