"""The end of connections on which nothing moves."""

import asyncio
from collections.abc import Callable


class Cutter:
    """Once started, it cuts the connection off when nothing has moved for so many seconds."""

    def __init__(
        self, transport: asyncio.Transport, moved: Callable[[], object], seconds: float
    ) -> None:
        self._transport = transport
        self._moved = moved
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.stop()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._look, self._moved())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, seen: object) -> None:
        if self._moved() != seen:
            self.start()
        else:
            # To close it would mean to wait for the other side to take what is left.
            self._transport.abort()
