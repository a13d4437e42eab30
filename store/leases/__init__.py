"""Who alone may do a thing, for a while.

A lease ends by itself when its holder dies. A holder that only stood still may not know that it has
lost its lease, so whatever it writes to carries `fence`, which is higher with each acquisition, and
refuses a number below the highest it has seen.
"""

from typing import Protocol

from store.clock import Clock


class LeaseLost(Exception):
    """Another may hold it by now: stop what the lease allowed."""


class Keeper(Protocol):
    """Where leases are kept; only the acquisition with this fence is meant."""

    async def extend(self, name: str, fence: int, seconds: float) -> bool: ...

    async def drop(self, name: str, fence: int) -> None: ...


class Lease:
    def __init__(
        self,
        keeper: Keeper,
        clock: Clock,
        *,
        name: str,
        holder: str,
        fence: int,
        seconds: float,
        asked_at: float,
    ) -> None:
        """`asked_at` is the monotonic time before the lease was asked for."""
        self.name = name
        self.holder = holder
        self.fence = fence
        self._keeper = keeper
        self._clock = clock
        self._seconds = seconds
        self._ends = asked_at + seconds

    def __repr__(self) -> str:
        return f"<Lease {self.name} of {self.holder}, fence {self.fence}>"

    @property
    def held(self) -> bool:
        """Whether it certainly is still ours; asks nobody.

        Counted from before each request was sent, so that the lease ends here before it ends
        there. While Redis is away the holder may go on for as long as this is true.
        """
        return self._clock.monotonic() < self._ends

    async def renew(self) -> None:
        """Hold it for the same time again, from now. Raises LeaseLost, or Outage."""
        asked_at = self._clock.monotonic()
        if not await self._keeper.extend(self.name, self.fence, self._seconds):
            self._ends = asked_at
            raise LeaseLost(f"{self.name} is no longer held by {self.holder}.")
        self._ends = asked_at + self._seconds

    async def release(self) -> None:
        """Let others have it; fine as well if it was lost. Raises Outage."""
        self._ends = self._clock.monotonic()
        await self._keeper.drop(self.name, self.fence)


class Leases(Protocol):
    """Raises Outage when what the servers share is away."""

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """None: somebody holds it, the asker itself included."""

    async def holder(self, name: str) -> str | None: ...
