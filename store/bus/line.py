"""One connection to Redis that is written to and read from at the same time.

The client library's own publish/subscribe object reconnects by itself, from whichever task happens
to notice, and two tasks that notice together leave one connection behind. Here a line that breaks
stays broken: its owner lets go of it and makes another.

Redis answers in the order in which it was asked, so counting the answers tells what has taken
effect, whatever the commands were.
"""

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from store.clock import Clock

# What may wait to be written. Redis takes it within milliseconds; more means that it is not taking.
_LARGEST_QUEUE = 4 * 1024 * 1024
# A connection can die without a word (a cable, a stopped process), so it is asked; no answer in
# this time means that it is dead.
_PING_SECONDS = 2.0
# Topics in one SUBSCRIBE: keeps a command's size and the time it holds Redis small.
_TOPICS_AT_ONCE = 500
# Messages that are handled before everything else in the process gets its turn.
_READ_AT_ONCE = 64


class Line:
    def __init__(
        self,
        connection: AbstractConnection,
        receive: Callable[[bytes, bytes], None],
        clock: Clock,
    ) -> None:
        self._connection = connection
        # Kept here because the client forgets a writer that it stopped using, whatever it still
        # has to write; left alone, that would keep a socket open for as long as Redis is stuck.
        self._writer = connection._writer
        self._receive = receive
        self._clock = clock
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._queue_filled = asyncio.Event()
        self._asked = 0
        self._answered = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def subscribe(self, topics: Iterable[str]) -> None:
        self._for_topics("SUBSCRIBE", tuple(topics))

    def unsubscribe(self, topics: Iterable[str]) -> None:
        self._for_topics("UNSUBSCRIBE", tuple(topics))

    def publish(self, topic: str, payload: bytes) -> bool:
        """False: too much is waiting to be written, and this was dropped."""
        if self._queued_bytes > _LARGEST_QUEUE:
            return False
        self._ask("PUBLISH", topic, payload)
        return True

    async def settled(self) -> None:
        """Wait until Redis has done all that it was asked for so far, or the line is broken."""
        if self._answered < self._asked:
            settled = asyncio.get_running_loop().create_future()
            self._waiting.append((self._asked, settled))
            await settled

    async def run(self) -> None:
        """Carry commands and messages; ends with the error that broke the line."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._write())
            tasks.create_task(self._watch())

    async def close(self) -> None:
        """Let go of the connection, and of whatever still waits to be written."""
        self._release(math.inf)
        if self._writer is not None:
            self._writer.transport.abort()
        with suppress(RedisError, OSError):
            await self._connection.disconnect()

    def _for_topics(self, command: str, topics: Sequence[str]) -> None:
        for start in range(0, len(topics), _TOPICS_AT_ONCE):
            some = topics[start : start + _TOPICS_AT_ONCE]
            self._ask(command, *some, answers=len(some))

    def _ask(self, *command: str | bytes, answers: int = 1) -> None:
        packed = self._connection.pack_command(*command)
        self._queue += packed
        self._queued_bytes += sum(map(len, packed))
        self._asked += answers
        self._queue_filled.set()

    async def _write(self) -> None:
        while True:
            await self._queue_filled.wait()
            self._queue_filled.clear()
            packed, self._queue = self._queue, []
            # Sending on a closed connection would open it anew, without its subscriptions.
            if not self._connection.is_connected:
                raise ConnectionResetError("The connection was closed.")
            await self._connection.send_packed_command(packed, check_health=False)
            self._queued_bytes -= sum(map(len, packed))

    async def _read(self) -> None:
        for turn in itertools.count(1):
            reply = await self._connection.read_response(
                disable_decoding=True,
                timeout=math.inf,
                disconnect_on_error=False,
                push_request=True,
            )
            match reply:
                case [b"message", bytes(topic), bytes(payload)]:
                    self._receive(topic, payload)
                case _:
                    self._answered += 1
                    self._release(self._answered)
            if turn % _READ_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _watch(self) -> None:
        while True:
            self._ask("PING")
            asked = self._asked
            await self._clock.sleep(_PING_SECONDS)
            if self._answered < asked:
                raise ConnectionAbortedError("Redis stopped answering.")

    def _release(self, answered: float) -> None:
        while self._waiting and self._waiting[0][0] <= answered:
            _, settled = self._waiting.popleft()
            if not settled.done():
                settled.set_result(None)
