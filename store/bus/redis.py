"""The bus of servers that share a Redis: its publish/subscribe, over one connection a server.

The channel is the topic itself. A server hears its own messages come back and ignores them by the
`srv` in the envelope: its subscribers had them before they left.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import structlog
from redis.exceptions import RedisError

from store.bus import Body, Handler, Message, Subscription
from store.bus.envelope import BrokenEnvelope, Envelope, seal
from store.bus.line import Line
from store.bus.subscribers import Subscribers
from store.clock import Clock
from store.redis import RedisDown, SharedRedis, reason_of

_logger = structlog.get_logger("hearth")

_SHORTEST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_PARTING_SECONDS = 1.0


class RedisBus:
    """Used in `async with`, which ends with the first attempt to connect, successful or not."""

    def __init__(self, redis: SharedRedis, server_id: str, clock: Clock) -> None:
        self.missed_by_others = 0
        """How many messages other servers did not get, at least."""
        self._redis = redis
        self._server_id = server_id
        self._clock = clock
        self._subscribers = Subscribers(first=self._listen, last=self._stop_listening)
        self._callbacks: list[Callable[[], None]] = []
        self._line: Line | None = None
        self._cut_off = False
        self._failures = 0
        self._leaving = False
        self._first_attempt = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._connecting = asyncio.create_task(self._stay_connected(), name="bus")
        await self._first_attempt.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving = True
        if self._line is not None:
            # The last announcements of a server that stops are about committed things like all.
            with suppress(TimeoutError):
                async with asyncio.timeout(_PARTING_SECONDS):
                    await self._line.settled()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])

    async def publish(self, topic: str, message: Body) -> None:
        payload = seal(self._server_id, topic, message)
        self._subscribers.deliver(Message(topic, Envelope.read(payload).body))
        if self._line is None or not self._line.publish(topic, payload):
            self.missed_by_others += 1

    async def subscribe(self, topic: str, handler: Handler) -> Subscription:
        subscription = self._subscribers.add(topic, handler)
        if self._line is not None:
            try:
                await self._line.settled()
            except asyncio.CancelledError:
                await subscription.close()
                raise
        return subscription

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def _listen(self, topic: str) -> None:
        if self._line is not None:
            self._line.subscribe([topic])

    def _stop_listening(self, topic: str) -> None:
        if self._line is not None:
            self._line.unsubscribe([topic])

    def _receive(self, channel: bytes, payload: bytes) -> None:
        try:
            envelope = Envelope.read(payload)
            topic = channel.decode()
        except (BrokenEnvelope, UnicodeDecodeError) as error:
            _logger.warning("bus_message_unreadable", channel=repr(channel), reason=str(error))
            return
        if envelope.server != self._server_id:
            self._subscribers.deliver(Message(topic, envelope.body))

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._hold_line()
            except* (RedisDown, RedisError, OSError) as lost:
                self._note_outage(lost)
            except* Exception:
                # Whatever else goes wrong with one line, the next one may work.
                _logger.exception("bus_failed", redis=self._redis.place)
                self._cut_off = True
            self._first_attempt.set()
            if self._leaving:
                # A task group whose task fails while it is cancelled forgets that it was cancelled.
                return
            await self._clock.sleep(self._pause())

    async def _hold_line(self) -> None:
        """Connect, take up every subscription again, and stay until the line breaks."""
        line = Line(await self._redis.connect(), self._receive, self._clock)
        self._line = line
        try:
            line.subscribe(self._subscribers.topics)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(line.run())
                tasks.create_task(self._greet(line))
        finally:
            self._line = None
            await line.close()

    async def _greet(self, line: Line) -> None:
        """Once every subscription holds: from here on nothing is missed."""
        await line.settled()
        self._failures = 0
        self._first_attempt.set()
        if not self._cut_off:
            return
        self._cut_off = False
        _logger.info("bus_back", redis=self._redis.place)
        for callback in self._callbacks:
            try:
                callback()
            except Exception:
                _logger.exception("bus_callback_failed")

    def _note_outage(self, lost: BaseExceptionGroup[BaseException]) -> None:
        if not self._cut_off:
            reason: BaseException = lost
            while isinstance(reason, BaseExceptionGroup):
                reason = reason.exceptions[0]
            _logger.warning("bus_cut_off", redis=self._redis.place, reason=reason_of(reason))
        self._cut_off = True
        self._failures += 1

    def _pause(self) -> float:
        # Jitter, so that the servers that lost one Redis do not all come back in one instant.
        longest = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(self._failures, 10))
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing
