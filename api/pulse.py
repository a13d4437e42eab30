"""The server's one heartbeat: what has to be looked at again and again, is looked at here.

A wake-up over the bus may get lost; whoever relies on one registers a check as well, which runs
when woken and at least at its interval.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from store.clock import Clock, until

Check = Callable[[], Awaitable[None]]
_PARTING_SECONDS = 1.0
_logger = structlog.get_logger("hearth")


class Pulse:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._checks: dict[str, tuple[float, Check, asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, name: str, seconds: float, check: Check) -> None:
        """Register a check, before the start."""
        self._checks[name] = (seconds, check, asyncio.Event())

    def wake(self, name: str) -> None:
        """Run the check now instead of at its next turn."""
        self._checks[name][2].set()

    def wake_all(self) -> None:
        for _, _, woken in self._checks.values():
            woken.set()

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._beat(name), name=f"pulse {name}") for name in self._checks
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        # A check may hang in a database that stands still, whose connections close soon.
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PARTING_SECONDS)

    async def _beat(self, name: str) -> None:
        seconds, check, woken = self._checks[name]
        failing = False
        while True:
            await until(woken, self._clock, seconds)
            woken.clear()
            try:
                await check()
                failing = False
            except Exception:
                # A check must outlive whatever it checks; one line per outage is enough.
                if not failing:
                    _logger.exception("check_failed", check=name)
                failing = True
