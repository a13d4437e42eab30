"""The worker: takes jobs that are due and runs their handlers, a few at a time, on every server.

It sleeps until something is due, and is woken (`wake`) by what `store.jobs` announces: a job that
is enqueued runs at once, and a quiet server asks the database twice a minute.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Never, TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError

from store import jobs
from store.clock import Clock, until
from store.database import Database, Transaction
from store.jobs import MOST_ATTEMPTS, Claim, Failure, Job, Outcome, State
from store.leases import LeaseLost
from store.outage import Outage
from store.run import LEASE, GiveUp, JobHandler, RetryLater, Run
from store.schedule import Periodic

# What is due but not to be had is locked by a server that is taking it, or holds it a moment more.
_SHORTEST_REST_SECONDS = 1.0
_LONGEST_REST_SECONDS = jobs.LONGEST_REST.total_seconds()
_AFTER_FAILURE_SECONDS = 5.0
# A provider may ask to be asked again in no time at all.
_SHORTEST_DELAY = timedelta(seconds=1)
# Both are counted by the loop's time, because whoever stops the server counts by it too.
_GRACE_SECONDS = 2.0
_PARTING_SECONDS = 1.0

_log = structlog.get_logger("hearth.jobs")


@dataclass(frozen=True, slots=True)
class _Done:
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class _Failed:
    failure: Failure
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class _PutOff:
    by: timedelta = timedelta()


_Ending: TypeAlias = _Done | _Failed | _PutOff


class Worker:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        handlers: Mapping[str, JobHandler],
        *,
        periodic: Iterable[Periodic] = (),
        concurrency: int = 4,
    ) -> None:
        self._db = db
        self._clock = clock
        self._handlers = dict(handlers)
        self._schedules = {each.name: each.schedule for each in periodic}
        if strangers := self._schedules.keys() - self._handlers.keys():
            raise ValueError(f"no handler for the periodic {', '.join(sorted(strangers))}")
        self._concurrency = concurrency
        self._woken = asyncio.Event()
        self._stopping = False
        self._looking: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._looking = asyncio.create_task(self._look(), name="jobs")

    def wake(self) -> None:
        """Look for jobs now."""
        self._woken.set()

    async def stop(self, *, grace: float = _GRACE_SECONDS) -> None:
        """Give what runs a moment to end, and hand the rest to the other servers."""
        self._stopping = True
        self.wake()
        looking = {self._looking} if self._looking else set()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                # First: what it is taking at this moment, it still starts.
                await _all_done(looking)
                await _all_done(self._running)
        left = {task for task in looking | self._running if not task.done()}
        for task in left:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                await _all_done(left)
        for task in left:
            if not task.done():
                # Its lease is left to end by itself, for it may still be at work.
                _log.error("job_does_not_stop", task=task.get_name())

    async def run_here(self, name: str, body: Mapping[str, Any] | None = None) -> Job | None:
        """Run a job now, in this process, and wait; a periodic one instead of its next run.

        Returns how it stands after one attempt. None: it is running elsewhere at this moment.
        """
        taken_at = self._clock.monotonic()
        async with self._db.begin() as tx:
            if name in self._schedules:
                job_id = await jobs.plan(tx, name, tx.now)
            else:
                job_id = await jobs.enqueue(tx, name, body or {})
            claim = await jobs.claim_one(tx, job_id, lease=LEASE)
        if claim is None:
            return None
        await self._start(claim, taken_at)
        async with self._db.read() as db:
            return await jobs.find(db, job_id)

    async def _look(self) -> None:
        planned = failing = False
        while not self._stopping:
            self._woken.clear()
            try:
                if not planned:
                    await self._plan()
                    planned = True
                pause = await self._take_due()
                failing = False
            except Exception:  # noqa: BLE001 - it must outlive whatever happens to the database
                # One line per outage is enough.
                if not failing:
                    _log.exception("jobs_out_of_reach")
                failing = True
                pause = _AFTER_FAILURE_SECONDS
            if not self._stopping:
                await until(self._woken, self._clock, pause)

    async def _plan(self) -> None:
        """See to it that every periodic job has its next run, whoever else does the same."""
        async with self._db.begin() as tx:
            for name in sorted(self._schedules):
                await jobs.plan(tx, name, self._schedules[name].next(tx.now))

    async def _take_due(self) -> float:
        """Start what is due, as far as there is room, and return how long to rest."""
        room = self._concurrency - len(self._running)
        if room <= 0:
            return _LONGEST_REST_SECONDS  # or until one ends, which wakes us
        taken_at = self._clock.monotonic()
        async with self._db.begin() as tx:
            claims = await jobs.claim(tx, self._handlers, lease=LEASE, most=room)
            due = await jobs.next_due(tx, self._handlers)
        for claim in claims:
            self._start(claim, taken_at)
        if due is None or len(claims) == room:
            return _LONGEST_REST_SECONDS
        left = (due - self._clock.now()).total_seconds()
        return min(left if left > 0 else _SHORTEST_REST_SECONDS, _LONGEST_REST_SECONDS)

    def _start(self, claim: Claim, taken_at: float) -> asyncio.Task[None]:
        run = Run(self._db, self._clock, claim, taken_at)
        task = asyncio.create_task(self._run(claim, run), name=f"job {claim.name} {claim.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: self.wake())
        return task

    async def _run(self, claim: Claim, run: Run) -> None:
        handling = asyncio.create_task(self._handle(claim, run), name=f"handler {claim.name}")
        keeping = asyncio.create_task(run.keep_lease(), name=f"lease {claim.id}")
        try:
            await asyncio.wait({handling, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            handling.cancel()
            keeping.cancel()
            await asyncio.wait({handling, keeping})
            await self._settle(claim, run, handling, keeping)

    async def _handle(self, claim: Claim, run: Run) -> _Ending:
        if claim.attempt > MOST_ATTEMPTS:
            return _Failed(
                Failure("INTERRUPTED", "Each server that ran it stopped before it was done."),
                for_good=True,
            )
        try:
            outcome = await self._handlers[claim.name](run)
            json.dumps(outcome, allow_nan=False)  # what can't be kept is the handler's mistake
            return _Done(outcome)
        except RetryLater as later:
            return _PutOff(max(later.after, _SHORTEST_DELAY))
        except GiveUp as given_up:
            return _Failed(Failure("GAVE_UP", given_up.reason), for_good=True)
        except LeaseLost:
            raise
        except asyncio.CancelledError as cancelled:
            if _is_being_cancelled():
                raise
            # Not the handler was cancelled, but something that it waited for.
            return _crashed(claim, cancelled)
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way, and is reported
            return _crashed(claim, error)

    async def _settle(
        self,
        claim: Claim,
        run: Run,
        handling: asyncio.Task[_Ending],
        keeping: asyncio.Task[Never],
    ) -> None:
        try:
            state = await self._record(claim, run, _ending_of(handling, keeping))
        except LeaseLost:
            state = None
        if state is None:
            _log.warning("job_lost", job=claim.id, name=claim.name, attempt=claim.attempt)
        else:
            _log.info(f"job_{state}", job=claim.id, name=claim.name, attempt=claim.attempt)

    async def _record(self, claim: Claim, run: Run, ending: _Ending) -> State | None:
        """Write how it ended; None: the job is another's by now, or may soon be."""
        while True:
            try:
                async with self._db.begin() as tx:
                    return await self._write(tx, claim, run, ending)
            except (Outage, SQLAlchemyError, TimeoutError) as error:
                _log.warning("job_not_recorded", job=claim.id, reason=type(error).__name__)
            if run.lease_left <= 0:
                return None
            await self._clock.sleep(_SHORTEST_REST_SECONDS)

    async def _write(
        self, tx: Transaction, claim: Claim, run: Run, ending: _Ending
    ) -> State | None:
        state: State | None
        match ending:
            case _Done(outcome):
                done = await jobs.finish(tx, claim, outcome, run.told)
                state = State.DONE if done else None
            case _Failed(failure, for_good):
                state = await jobs.fail(tx, claim, failure, run.told, for_good=for_good)
            case _PutOff(by):
                put_off = await jobs.put_off(tx, claim, tx.now + by, run.told)
                state = State.QUEUED if put_off else None
        schedule = self._schedules.get(claim.name)
        if schedule is not None and state in {State.DONE, State.FAILED}:
            # A clock that was set back meanwhile must not bring the same moment again.
            await jobs.plan(tx, claim.name, schedule.next(max(tx.now, claim.run_at)))
        return state


def _crashed(claim: Claim, error: BaseException) -> _Failed:
    # Its own words may hold anything: they are the log's, not the outcome's.
    _log.error("job_crashed", job=claim.id, name=claim.name, attempt=claim.attempt, exc_info=error)
    return _Failed(
        Failure("CRASHED", f"It stopped with {type(error).__name__}; the log says more.")
    )


def _ending_of(handling: asyncio.Task[_Ending], keeping: asyncio.Task[Never]) -> _Ending:
    """How a run came to its end; raises LeaseLost if that is another server's to say."""
    if not keeping.cancelled():
        keeping.exception()  # looked at, so that asyncio does not tell of it as well
    if not handling.cancelled():
        return handling.result()
    # Cancelled by us: because the server stops, or because there is no lease any more.
    return _PutOff() if keeping.cancelled() else keeping.result()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _all_done(tasks: set[asyncio.Task[None]]) -> None:
    while pending := {task for task in tasks if not task.done()}:
        await asyncio.wait(pending)
