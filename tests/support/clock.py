"""A clock that moves only when a test says so."""

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class VirtualClock:
    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Move time on, waking each sleeper at its own moment and letting it run."""
        until = self._elapsed + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, wake = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, at)
            if not wake.done():
                wake.set_result(None)
            await _settle()
        self._elapsed = until


async def _settle() -> None:
    # A woken task may need several turns of the loop before it sleeps again.
    for _ in range(10):
        await asyncio.sleep(0)


class MovableClock:
    """Time goes by itself, and jumps when a test says so: for stories of days in a whole server.

    Who sleeps sleeps as long as ever; a jump wakes nobody.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._began = time.monotonic()
        self._moved = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return time.monotonic() - self._began + self._moved

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def move(self, seconds: float) -> None:
        self._moved += seconds
