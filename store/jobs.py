"""Jobs: work that is to happen later, somewhere, and surely.

A job is a row. It is enqueued in the transaction that wants the work done, so one that is undone
leaves no job behind and one that is committed cannot lose it. A server that takes it holds a lease,
which it renews while it works; a lease that ends (the server died, or stood still) lets another
take the job again. So a job runs on one server at a time, and at least once: a server may die
between the work and the note that it is done, and then the work is done again.

Each claim of a job has a higher `fence` than the one before, and whatever a holder writes here is
refused once there is a higher one. Leases are compared with each server's own clock; clocks that
differ by less than a lease do no harm beyond a wait.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    Index,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id, new_id
from store.leases import LeaseLost
from store.schema import Base

TOPIC = "jobs"
# Every server looks at least this often, so what is due later needs no announcement.
LONGEST_REST = timedelta(seconds=30)
MOST_ATTEMPTS = 10
KEPT_FOR = timedelta(days=30)

# With ten attempts the last one comes more than an hour after the first: long enough for a
# provider's outage, short enough that nobody waits for a job that can't succeed.
_SHORTEST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=1)
# A periodic job has one living run; so has whatever else is enqueued under a key.
_PERIODIC = "periodic"
_LIVING = text("state IN ('queued', 'running')")

Outcome = Mapping[str, Any]


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobRow(Base):
    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_living", "name", "key", unique=True, postgresql_where=_LIVING),
        Index("ix_jobs_queued", "run_at", postgresql_where=text("state = 'queued'")),
        Index("ix_jobs_running", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_jobs_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(Id("job"), primary_key=True)
    name: Mapped[str]
    key: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    state: Mapped[str]
    run_at: Mapped[datetime]
    attempts: Mapped[int]
    fence: Mapped[int]
    lease_until: Mapped[datetime | None]
    progress_done: Mapped[int | None]
    progress_of: Mapped[int | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


# Spelt out in the statement: a bound parameter would hide from the planner that a partial index
# serves.
_IS_QUEUED = JobRow.state == literal(State.QUEUED.value, literal_execute=True)
_IS_RUNNING = JobRow.state == literal(State.RUNNING.value, literal_execute=True)


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its readers see it; its body is between who enqueues and who handles."""

    id: str
    name: str
    state: State
    attempts: int
    progress: Progress | None
    outcome: Outcome | None
    run_at: datetime
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a job, until its lease ends."""

    id: str
    name: str
    body: Mapping[str, Any] = field(repr=False)
    run_at: datetime
    attempt: int
    fence: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed, in words for an admin: no secrets, nothing personal."""

    code: str
    message: str

    @property
    def outcome(self) -> Outcome:
        return {"error": {"code": self.code, "message": self.message}}


async def enqueue(
    tx: Transaction,
    name: str,
    body: Mapping[str, Any],
    run_at: datetime | None = None,
    key: str | None = None,
) -> str:
    """Have a job run, at once or at a time, and return its id.

    Of the jobs of one name and key only one is alive (queued or running): where there is one, its
    id is returned and nothing is made. It may have begun already, so whoever changes what a job
    reads while it runs, and needs it read again, leaves the key out.
    """
    moment = run_at or tx.now
    making = (
        insert(JobRow)
        .values(
            id=new_id("job", tx.now),
            name=name,
            key=key,
            body=dict(body),
            state=State.QUEUED.value,
            run_at=moment,
            attempts=0,
            fence=0,
            created_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["name", "key"], index_where=_LIVING)
        .returning(JobRow.id)
    )
    living = select(JobRow.id).where(JobRow.name == name, JobRow.key == key, _LIVING)
    while True:
        made = await tx.scalar(making)
        if made is not None:
            _announce(tx, name, moment)
            return made
        # The one that stood in the way may end between the two statements.
        present = await tx.scalar(living)
        if present is not None:
            return present


async def plan(tx: Transaction, name: str, run_at: datetime) -> str:
    """Have a periodic job run at this time or sooner, and return the id of that run.

    With `tx.now` it runs at once, instead of the run that was planned.
    """
    job_id = await enqueue(tx, name, {}, run_at, key=_PERIODIC)
    moved = await tx.execute(
        update(JobRow)
        .where(JobRow.id == job_id, _IS_QUEUED, JobRow.run_at > run_at)
        .values(run_at=run_at)
    )
    if moved.rowcount:
        _announce(tx, name, run_at)
    return job_id


async def claim(
    tx: Transaction, names: Collection[str], *, lease: timedelta, most: int
) -> list[Claim]:
    """Take jobs that are due, and those whose lease has ended; others take others meanwhile."""
    due = (
        select(JobRow.id)
        .where(
            JobRow.name.in_(names),
            or_(
                and_(_IS_QUEUED, JobRow.run_at <= tx.now),
                and_(_IS_RUNNING, JobRow.lease_until <= tx.now),
            ),
        )
        .order_by(JobRow.run_at)
        .limit(most)
    )
    return await _take(tx, due.with_for_update(skip_locked=True).cte("due"), lease)


async def claim_one(tx: Transaction, job_id: str, *, lease: timedelta) -> Claim | None:
    """Take this job, due or not; None if it is running, or has ended."""
    free = select(JobRow.id).where(
        JobRow.id == job_id,
        or_(_IS_QUEUED, and_(_IS_RUNNING, JobRow.lease_until <= tx.now)),
    )
    claims = await _take(tx, free.with_for_update(skip_locked=True).cte("free"), lease)
    return claims[0] if claims else None


async def _take(tx: Transaction, chosen: CTE, lease: timedelta) -> list[Claim]:
    rows = await tx.execute(
        update(JobRow)
        .where(JobRow.id == chosen.c.id)
        .values(
            state=State.RUNNING.value,
            attempts=JobRow.attempts + 1,
            fence=JobRow.fence + 1,
            lease_until=tx.now + lease,
            started_at=func.coalesce(JobRow.started_at, tx.now),
        )
        .returning(
            JobRow.id, JobRow.name, JobRow.body, JobRow.run_at, JobRow.attempts, JobRow.fence
        )
    )
    return [Claim(*row) for row in rows]


async def renew(
    tx: Transaction, claim: Claim, *, lease: timedelta, progress: Progress | None
) -> bool:
    """Hold the claim for the same time again, and tell how far it is; False: it is lost."""
    return await _change(tx, claim, {"lease_until": tx.now + lease, **_progress_values(progress)})


async def hold(tx: Transaction, claim: Claim) -> None:
    """Let nobody else take the job before this transaction ends; raises LeaseLost.

    The weakest row lock there is: it keeps out a claim and lets renewals through.
    """
    locked = await tx.scalar(
        select(JobRow.id).where(*_is_held(claim)).with_for_update(read=True, key_share=True)
    )
    if locked is None:
        raise LeaseLost(f"The job {claim.id} is no longer ours.")


async def finish(
    tx: Transaction, claim: Claim, outcome: Outcome | None, progress: Progress | None
) -> bool:
    """False: the claim is lost, and the job is another's to finish."""
    return await _end(tx, claim, State.DONE, outcome, progress)


async def fail(
    tx: Transaction,
    claim: Claim,
    failure: Failure,
    progress: Progress | None,
    *,
    for_good: bool = False,
) -> State | None:
    """Queue the job again for a later attempt, or end it after the last one.

    Returns the state that it is in now, or None if the claim is lost.
    """
    if for_good or claim.attempt >= MOST_ATTEMPTS:
        ended = await _end(tx, claim, State.FAILED, failure.outcome, progress)
        return State.FAILED if ended else None
    queued = await _queue_again(
        tx,
        claim,
        tx.now + back_off(claim.attempt),
        {"outcome": failure.outcome, **_progress_values(progress)},
    )
    return State.QUEUED if queued else None


async def put_off(
    tx: Transaction, claim: Claim, run_at: datetime, progress: Progress | None
) -> bool:
    """Let any server take the job up again from then on, and forget this attempt."""
    return await _queue_again(
        tx, claim, run_at, {"attempts": JobRow.attempts - 1, **_progress_values(progress)}
    )


def back_off(attempt: int) -> timedelta:
    # Jitter, so that what failed together does not come back together; to the millisecond, as all
    # our moments are.
    longest: timedelta = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** (attempt - 1))
    milliseconds = longest // timedelta(milliseconds=1)
    return timedelta(milliseconds=random.randint(milliseconds // 2, milliseconds))  # noqa: S311 - spreads load, guards nothing


async def find(db: Reading, job_id: str) -> Job | None:
    row = (await db.execute(select(JobRow.__table__).where(JobRow.id == job_id))).one_or_none()
    if row is None:
        return None
    return Job(
        id=row.id,
        name=row.name,
        state=State(row.state),
        attempts=row.attempts,
        progress=None
        if row.progress_of is None
        else Progress(done=row.progress_done, of=row.progress_of),
        outcome=row.outcome,
        run_at=row.run_at,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


async def next_due(db: Reading, names: Collection[str]) -> datetime | None:
    """When there is, or may be, something to take: a job is due, or a lease ends."""
    job = select(func.min(JobRow.run_at)).where(_IS_QUEUED, JobRow.name.in_(names))
    lease = select(func.min(JobRow.lease_until)).where(_IS_RUNNING, JobRow.name.in_(names))
    due: datetime | None = await db.scalar(
        select(func.least(job.scalar_subquery(), lease.scalar_subquery()))
    )
    return due


async def sweep(tx: Transaction) -> int:
    """Forget the jobs that ended a month ago."""
    swept = await tx.execute(delete(JobRow).where(JobRow.ended_at <= tx.now - KEPT_FOR))
    return swept.rowcount


async def _end(
    tx: Transaction,
    claim: Claim,
    state: State,
    outcome: Outcome | None,
    progress: Progress | None,
) -> bool:
    values = {
        "state": state.value,
        "lease_until": None,
        "outcome": None if outcome is None else dict(outcome),
        "ended_at": tx.now,
        **_progress_values(progress),
    }
    return await _change(tx, claim, values)


async def _queue_again(
    tx: Transaction, claim: Claim, run_at: datetime, values: Mapping[str, Any]
) -> bool:
    queued = {"state": State.QUEUED.value, "lease_until": None, "run_at": run_at}
    if not await _change(tx, claim, {**queued, **values}):
        return False
    _announce(tx, claim.name, run_at)
    return True


async def _change(tx: Transaction, claim: Claim, values: Mapping[str, Any]) -> bool:
    held = update(JobRow).where(*_is_held(claim))
    return (await tx.execute(held.values(**values))).rowcount == 1


def _announce(tx: Transaction, name: str, run_at: datetime) -> None:
    if run_at < tx.now + LONGEST_REST:
        tx.announce(TOPIC, {"name": name})


def _is_held(claim: Claim) -> tuple[Any, ...]:
    return (JobRow.id == claim.id, JobRow.fence == claim.fence, _IS_RUNNING)


def _progress_values(progress: Progress | None) -> dict[str, Any]:
    if progress is None:
        return {}
    return {"progress_done": progress.done, "progress_of": progress.of}
