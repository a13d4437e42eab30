"""The one source of time.

Services and queries take `now` as a parameter; only the edges (a request, a socket, a job's worker)
read a clock, and they read this one, so that a test can turn it.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock: what people and other servers call the time."""

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring a span inside this process."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def until(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Wait for the event, but not longer than this."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
