"""What waits to be sent on one socket.

It is bounded in bytes: whoever reads too slowly is cut off, and nobody else ever waits for them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from api.ws.closing import CloseCode

LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Closing:
    code: CloseCode
    reason: str


class Outbox:
    __slots__ = (
        "_closing",
        "_frames",
        "_limit",
        "_told_of_closing",
        "_waiter",
        "taken",
        "waiting_bytes",
    )

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._frames: deque[bytes] = deque()
        self._closing: Closing | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._told_of_closing: Callable[[], None] = lambda: None
        self.waiting_bytes = 0
        # How many frames have left: as long as this moves, the reader is alive.
        self.taken = 0

    @property
    def closing(self) -> Closing | None:
        return self._closing

    def put(self, frame: bytes) -> None:
        """Add a frame; one too many closes the box behind what waits already."""
        if self._closing is not None:
            return
        if self.waiting_bytes + len(frame) > self._limit:
            self.close(CloseCode.TOO_SLOW, "You read too slowly. Come back and resume.")
            return
        self._frames.append(frame)
        self.waiting_bytes += len(frame)
        self._wake()

    def close(self, code: CloseCode, reason: str) -> None:
        """Say goodbye behind what waits; nothing is added any more."""
        if self._closing is None:
            self._closing = Closing(code, reason)
            self._told_of_closing()
            self._wake()

    def on_closing(self, callback: Callable[[], None]) -> None:
        self._told_of_closing = callback

    async def take(self) -> bytes | Closing:
        """The next frame, or the goodbye."""
        while not self._frames:
            if self._closing is not None:
                return self._closing
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._frames[0]

    def sent(self) -> None:
        """The frame that was taken has left; until then it counted as waiting."""
        self.waiting_bytes -= len(self._frames.popleft())
        self.taken += 1

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
