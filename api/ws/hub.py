"""All sockets that are open on this server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from api.access import Authenticator
from api.ws.closing import CloseCode
from api.ws.connection import Connection, expired
from store.bus import Bus, Message, Subscription
from store.clock import Clock

RESTARTING = "The server restarts. Come back in a moment."


class Hub:
    """Keeps count of who is connected, and lets nobody stay who has lost their standing."""

    def __init__(
        self, bus: Bus, authenticator: Authenticator, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._bus = bus
        self._authenticator = authenticator
        self._clock = clock
        self._wake = wake
        self._subscriptions: dict[Connection, Subscription | None] = {}
        self._emptied = asyncio.Event()
        # Set when the server is about to end: who is not in yet has to hear of it as well.
        self.closing = asyncio.Event()

    def __len__(self) -> int:
        return len(self._subscriptions)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._subscriptions))

    @asynccontextmanager
    async def holding(self, connection: Connection) -> AsyncIterator[None]:
        """The connection is one of ours for as long as the block lasts."""
        self._subscriptions[connection] = None
        self._emptied.clear()
        user_id = connection.viewer.user_id
        try:
            if user_id is not None:
                topic = f"user:{user_id}"
                self._subscriptions[connection] = await self._bus.subscribe(topic, self._told)
            if self.closing.is_set():
                # It signed in while everybody else was told already.
                connection.close(CloseCode.RESTARTING, RESTARTING)
            yield
        finally:
            subscription = self._subscriptions.pop(connection)
            if not self._subscriptions:
                self._emptied.set()
            if subscription is not None:
                await subscription.close()

    async def check(self) -> None:
        """Close the sockets of those whose token or standing has ended."""
        if not self._subscriptions:
            return
        now = self._clock.now()
        ended = await self._authenticator.ended({c.viewer for c in self}, now)
        for connection in self:
            if connection.viewer in ended:
                connection.end(ended[connection.viewer])
            elif connection.has_expired(now):
                connection.end(expired())

    async def close(self, patience: float) -> None:
        """Ask everybody to come back later, and wait for them to have heard it."""
        self.closing.set()
        for connection in self:
            connection.close(CloseCode.RESTARTING, RESTARTING)
        if self._subscriptions:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._emptied.wait()

    def _told(self, message: Message) -> None:
        if message.body.get("type") == "standing":
            self._wake()


HUB = web.AppKey("hub", Hub)
