"""Wake-ups between parts of a server and between servers.

Whatever must survive is in the database first; a message here only says that there is something to
look at. That is why publishing neither fails nor waits when the other servers can't be reached, and
why whoever reads compares what they have with the database after `on_reconnect` and now and then
anyway: a message may be lost in an outage, and messages around one may come in another order.

A message is JSON on either bus and for every subscriber, the publisher's own server included: what
works in one process works between two.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Body | None"
Body: TypeAlias = Mapping[str, JsonValue]

# A wake-up carries ids and small facts, and signalling carries a session description; more than a
# socket's largest frame could ever need is a mistake.
LARGEST_MESSAGE = 64 * 1024


class MessageTooLarge(ValueError):
    """Publish a reference to the thing instead of the thing."""


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    body: Body


# Called in the middle of `publish` or of reading from Redis, so it must not block; what takes time
# belongs in a task or a queue of the subscriber's own, which is bounded there.
Handler = Callable[[Message], None]


class Subscription:
    """Ends with `close()`, or with the block when used in `async with`."""

    def __init__(self, end: Callable[["Subscription"], None]) -> None:
        self._end = end

    async def close(self) -> None:
        """Once this returns the handler is not called again. Closing twice is fine."""
        self._end(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Bus(Protocol):
    async def publish(self, topic: str, message: Body) -> None:
        """Call this server's subscribers before returning, and wake the other servers'.

        Raises MessageTooLarge; never raises or waits because of another server.
        """

    async def subscribe(self, topic: str, handler: Handler) -> Subscription:
        """Once this returns, whatever any server publishes reaches the handler.

        So subscribe first and read the state then, and nothing falls in between. During an outage
        it returns as well, and `on_reconnect` says when the promise holds again.
        """

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back whenever messages may have been missed and no more are being missed."""
