"""One run of a job: what its handler sees of it, and the lease that keeps other servers away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Never, TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError

from store import jobs
from store.clock import Clock, until
from store.database import Database, Transaction
from store.jobs import Claim, Outcome, Progress
from store.leases import LeaseLost
from store.outage import Outage

# A server that dies delays its jobs by this much; one that stands still for longer loses them.
LEASE = timedelta(seconds=60)
_RENEW_SECONDS = 20.0
# Progress is written at most this often, whatever a handler tells.
_SHORTEST_REST_SECONDS = 1.0
# A renewal that takes longer is better tried anew, on another connection.
_PATIENCE_SECONDS = 10.0

_log = structlog.get_logger("hearth.jobs")


class RetryLater(Exception):
    """Not now (a provider asked for patience): run again after this time. Counts as no attempt."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"later, in {after}")
        self.after = after


class GiveUp(Exception):
    """Trying again can't help. The reason is shown to admins: no secrets, nothing personal."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Run:
    """A handler is cancelled when the lease is lost and when the server stops.

    Where another server takes over it begins anew, so it finds out from the database what is done
    already, and writes in transactions that it begins with `hold`.
    """

    def __init__(self, db: Database, clock: Clock, claim: Claim, taken_at: float) -> None:
        """`taken_at` is the monotonic time before the claim was asked for."""
        self.body: Mapping[str, Any] = claim.body
        self.attempt = claim.attempt
        """1 for the first."""
        self.told: Progress | None = None
        self._db = db
        self._clock = clock
        self._claim = claim
        self._lease_ends = taken_at + LEASE.total_seconds()
        self._news = asyncio.Event()

    @property
    def now(self) -> datetime:
        return self._clock.now()

    @property
    def lease_left(self) -> float:
        """Seconds for which the job certainly is ours; asks nobody."""
        return self._lease_ends - self._clock.monotonic()

    def progress(self, done: int, of: int) -> None:
        """Tell how far it is; as often as you like, for it is written now and then."""
        self.told = Progress(done, of)
        self._news.set()

    async def hold(self, tx: Transaction) -> None:
        """Let no other server take the job before this transaction ends.

        Raises LeaseLost if one has it already: then nothing of what this run still writes may
        count. A lease alone can't promise that, for a server may stand still at any point.
        """
        await jobs.hold(tx, self._claim)

    async def keep_lease(self) -> Never:
        """Renew the lease until cancelled; raises LeaseLost."""
        renewed = True
        while True:
            await self._clock.sleep(_SHORTEST_REST_SECONDS)
            if renewed:
                await until(self._news, self._clock, _RENEW_SECONDS)
            self._news.clear()
            renewed = await self._renew()

    async def _renew(self) -> bool:
        asked_at = self._clock.monotonic()
        if self.lease_left <= 0:
            raise LeaseLost(f"The lease on {self._claim.id} has ended.")
        try:
            async with (
                asyncio.timeout(min(self.lease_left, _PATIENCE_SECONDS)),
                self._db.begin() as tx,
            ):
                held = await jobs.renew(tx, self._claim, lease=LEASE, progress=self.told)
        except (Outage, SQLAlchemyError, TimeoutError) as error:
            _log.warning("job_not_renewed", job=self._claim.id, reason=type(error).__name__)
            return False
        if not held:
            raise LeaseLost(f"The job {self._claim.id} is no longer ours.")
        self._lease_ends = asked_at + LEASE.total_seconds()
        return True


JobHandler: TypeAlias = Callable[[Run], Awaitable[Outcome | None]]
