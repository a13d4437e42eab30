"""Transactions, and what a transaction promises once it is committed.

A query takes a `Reading`, a change takes a `Transaction`; both carry `now`, so that no SQL asks the
database for the time. What others have to hear of is collected with `announce` and goes out after
the commit: never before it, and never without it.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import structlog
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store.bus.envelope import packed
from store.clock import Clock
from store.deeds import SERVER, Actor, Deed
from store.outage import Outage

_logger = structlog.get_logger("hearth")
Message = Mapping[str, Any]
# The topic of those who remember anybody's standing, to be told that somebody's has changed.
STANDING = "standing"
Publish = Callable[[str, Message], Awaitable[None]]
Write = Callable[["Transaction"], Awaitable[None]]
Record = Callable[["Transaction", Sequence[Deed]], Awaitable[None]]


class Reading:
    """A connection that reads, at a moment."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.now = now
        self.connection = connection
        self.execute = connection.execute
        self.scalar = connection.scalar
        self.scalars = connection.scalars
        self.stream = connection.stream


class Transaction(Reading):
    """A connection that changes things, and what follows from the change."""

    def __init__(self, connection: AsyncConnection, now: datetime, actor: Actor = SERVER) -> None:
        super().__init__(connection, now)
        # Whoever finds out only in here who it is (by a one-time link, say) may set it anew.
        self.actor = actor
        self.made: str | None = None
        self.deeds: list[Deed] = []
        self._announcements: list[tuple[str, Message]] = []
        self._last_writes: list[Write] = []

    def announce(self, topic: str, message: Message) -> None:
        """Wake those who listen to the topic, once this is committed.

        What no bus could carry is an error here: after the commit it could not be undone.
        """
        packed(topic, message)
        self._announcements.append((topic, message))

    def standing_changed(self, user_ids: Iterable[str]) -> None:
        """What these people may do has changed: whatever they hold open asks again."""
        for user_id in user_ids:
            self.announce(f"user:{user_id}", {"type": "standing"})
        self.announce(STANDING, {})

    def created(self, object_id: str) -> None:
        """Name the one thing that this request makes: a repeated request is answered with it."""
        self.made = object_id

    def audit(
        self,
        action: str,
        entity_type: str,
        entity_id: str | None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        concerns: str | None = None,
    ) -> None:
        """Keep for good what is done here: the entry is committed with the deed, or neither is.

        `before` and `after` are facts in JSON's types, never secrets. Where they are personal,
        `concerns` names the person, under whose key they are sealed; else they stay in the clear.
        """
        self.deeds.append(Deed.of(action, entity_type, entity_id, before, after, concerns))

    def write_last(self, write: Write) -> None:
        """Put a write behind all others, right before the commit.

        For rows that every writer contends for: the lock is then held for the shortest time, and
        always taken after the others, so that nothing deadlocks.
        """
        self._last_writes.append(write)

    async def finish(self, record: Record | None) -> list[tuple[str, Message]]:
        for write in self._last_writes:
            await write(self)
        if self.deeds:
            if record is None:
                raise NobodyRecords
            await record(self, self.deeds)
        return self._announcements


# What each session of ours is like, unless the URL says otherwise: named, for whoever looks at the
# database, and never at one statement (of a stream: one piece) or idle in a transaction for longer
# than anybody waits for an answer.
_SESSION = {
    "application_name": "hearth",
    "statement_timeout": "30000",
    "idle_in_transaction_session_timeout": "60000",
}
# A server that works has answered by then, be it that its own limit was reached. One that does not
# is given up: its connection is closed, and whoever waited goes on.
ANSWER_SECONDS = 33.0
# A request that waits longer than this for a connection is better refused.
CONNECTION_SECONDS = 10.0
# A server that vanished without a word is noticed within half a minute.
_TCP = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}


def _connect_args(url: URL) -> dict[str, Any]:
    if url.get_driver_name() == "asyncpg":
        return {"server_settings": _SESSION}
    arguments: dict[str, Any] = dict(_TCP)
    if "options" not in url.query:
        arguments["options"] = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    if url.get_driver_name() == "aiopg" and "statement_timeout" not in str(url.query):
        arguments["patience"] = ANSWER_SECONDS
    return arguments


class NobodyRecords(Exception):
    """Something is to be audited, and `audit_with` has not been told how: so it is not done."""


class DatabaseAway(Outage):
    """PostgreSQL can't be reached, or could not finish in time.

    Nothing of it was done, unless it was the answer to a COMMIT that did not come.
    """


@contextmanager
def _outages() -> Iterator[None]:
    """Everybody above knows one word for what they can do nothing about."""
    try:
        yield
    except DBAPIError as error:
        # What is neither of the two (two tasks on one connection, say) is a mistake of ours.
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise DatabaseAway(str(error)) from error
        raise


class Database:
    """The pool of connections to PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, publish: Publish) -> None:
        self._engine = engine
        # Same pool: a lone read needs no BEGIN and no COMMIT around it.
        self._reading_engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._scanning_engine = engine.execution_options(postgresql_readonly=True)
        self._clock = clock
        self._publish = publish
        self._record: Record | None = None
        self._is_closed = False
        self._open: set[Any] = set()
        event.listen(engine.sync_engine, "connect", lambda opened, _: self._open.add(opened))
        event.listen(engine.sync_engine, "close", lambda closed, _: self._open.discard(closed))

    @classmethod
    def connect(
        cls,
        url: URL,
        *,
        clock: Clock,
        publish: Publish,
        pool_size: int = 20,
        max_overflow: int = 10,
    ) -> Self:
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_pre_ping=True,
            # An error's text goes to the log, and parameters may be messages and hashes.
            hide_parameters=True,
            connect_args=_connect_args(url),
        )
        return cls(engine, clock=clock, publish=publish)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reading]:
        """Each statement sees what is committed when it runs."""
        with _outages():
            async with self._connected(self._reading_engine) as connection:
                yield Reading(connection, self._now())

    @asynccontextmanager
    async def scan(self) -> AsyncIterator[Reading]:
        """For what is longer than memory: `stream` gets its rows from the server as it goes.

        It takes a transaction, for outside of one PostgreSQL would make the whole answer first.
        """
        with _outages():
            async with self._connected(self._scanning_engine) as connection:
                yield Reading(connection, self._clock.now())

    def audit_with(self, record: Record) -> None:
        """From here on `record` writes down a transaction's deeds, as its very last statements."""
        self._record = record

    @asynccontextmanager
    async def begin(self, actor: Actor = SERVER) -> AsyncIterator[Transaction]:
        """One transaction: committed at the end of the block, undone by an exception in it."""
        with _outages():
            async with self._connected(self._engine) as connection, connection.begin():
                tx = Transaction(connection, self._now(), actor)
                yield tx
                announcements = await tx.finish(self._record)
        for topic, message in announcements:
            try:
                await self._publish(topic, message)
            except Exception:
                # It is done, and whoever asked for it must not hear otherwise.
                _logger.exception("announcement_failed", topic=topic)

    async def close(self) -> None:
        """Close all connections; who still waits for an answer hears that there will be none."""
        self._is_closed = True
        for connection in tuple(self._open):
            connection.terminate()
        await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        if self._is_closed:
            raise DatabaseAway("this server is about to end")
        async with AsyncExitStack() as stack:
            try:
                # All of it: a free place in the pool, whether it still works, or a new connection.
                async with asyncio.timeout(CONNECTION_SECONDS):
                    connection = await stack.enter_async_context(engine.connect())
            except TimeoutError:
                raise DatabaseAway(f"no connection within {CONNECTION_SECONDS:g} seconds") from None
            yield connection

    def _now(self) -> datetime:
        """To the millisecond, as it travels: who asks for what came after it gets that."""
        now = self._clock.now() + timedelta(microseconds=500)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
