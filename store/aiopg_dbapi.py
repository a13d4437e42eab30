"""aiopg in the shape that SQLAlchemy's asyncio connector gives to a driver.

psycopg2 in asynchronous mode is always in autocommit and has neither `executemany` nor named
cursors. Here those are made of plain statements: BEGIN goes out in front of a transaction's first
statement and in the same message, so that it costs no round trip; many parameter sets go out in
batches; a server-side cursor is DECLARE and FETCH.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import aiopg
import psycopg2
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    TRANSACTION_STATUS_INTRANS,
)
from sqlalchemy.connectors.asyncio import (
    AsyncAdapt_dbapi_connection,
    AsyncAdapt_dbapi_cursor,
    AsyncAdapt_dbapi_module,
    AsyncAdapt_dbapi_ss_cursor,
    AsyncAdapt_terminate,
)
from sqlalchemy.util.concurrency import await_, in_greenlet

from store.aiopg_connection import CANCEL_TIMEOUT, connect

_IN_TRANSACTION = (TRANSACTION_STATUS_INTRANS, TRANSACTION_STATUS_INERROR)

_stream_numbers = itertools.count(1)


class AdaptedCursor(AsyncAdapt_dbapi_cursor):
    """A psycopg2 cursor whose rows have all arrived when `execute` returns."""

    __slots__ = ("_total",)
    _awaitable_cursor_close = False

    # SQLAlchemy's protocols for these two want coroutines where psycopg2's cursor has functions.
    _connection: Any  # store.aiopg_connection.Connection
    _cursor: Any  # psycopg2.extensions.cursor
    _adapt_connection: "AdaptedConnection"

    def __init__(self, adapt_connection: AsyncAdapt_dbapi_connection) -> None:
        super().__init__(adapt_connection)
        self._total: int | None = None

    def _make_new_cursor(self, connection: Any) -> Any:
        return connection.raw.cursor()

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    @property
    def connection(self) -> "AdaptedConnection":
        return self._adapt_connection

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount if self._total is None else self._total

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        self._total = None
        await self._run(operation, parameters)
        if self._cursor.description is not None:
            self._rows = deque(self._cursor.fetchall())

    def executemany(
        self, operation: Any, seq_of_parameters: Sequence[Any], batch_size: int = 1
    ) -> None:
        """Run a statement once for each parameter set, `batch_size` of them in one message.

        The server counts the rows of a message's last statement only, so that batches leave the
        count unknown. Outside a transaction a message would succeed or fail as one, which nobody
        asked for: there each statement goes alone.
        """
        if batch_size == 1 or self._adapt_connection.autocommit:
            await_(self._execute_each(operation, seq_of_parameters))
        else:
            await_(self._execute_batches(operation, seq_of_parameters, batch_size))

    async def _execute_each(self, operation: str, parameter_sets: Sequence[Any]) -> None:
        total = 0
        for parameters in parameter_sets:
            await self._run(operation, parameters)
            total += self._cursor.rowcount
        self._total = total

    async def _execute_batches(
        self, operation: str, parameter_sets: Sequence[Any], size: int
    ) -> None:
        statements = (self._cursor.mogrify(operation, each) for each in parameter_sets)
        while batch := list(itertools.islice(statements, size)):
            await self._run(b";".join(batch))
        self._total = -1

    async def _run(self, operation: str | bytes, parameters: Any = None) -> None:
        operation = self._adapt_connection.opening(operation)
        await self._connection.execute(self._cursor, operation, parameters)


class AdaptedServerCursor(AsyncAdapt_dbapi_ss_cursor, AdaptedCursor):
    """A cursor kept by the server, which sends only as many rows as are asked for."""

    __slots__ = ("_lives_in", "_name")

    def __init__(self, adapt_connection: AsyncAdapt_dbapi_connection) -> None:
        super().__init__(adapt_connection)
        self._name = f"stream_{next(_stream_numbers)}"
        self._lives_in: tuple[int, ...] = ()

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        # In autocommit a cursor would end with the DECLARE that made it.
        hold = "WITH HOLD" if self._adapt_connection.autocommit else ""
        await self._run(f"DECLARE {self._name} NO SCROLL CURSOR {hold} FOR {operation}", parameters)
        self._lives_in = (TRANSACTION_STATUS_INTRANS,)
        if hold:
            self._lives_in += (TRANSACTION_STATUS_IDLE,)

    def fetchone(self) -> Any:
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> Any:
        return await_(self._fetch(self.arraysize if size is None else size))

    def fetchall(self) -> Any:
        return await_(self._fetch("ALL"))

    def __iter__(self) -> Iterator[Any]:
        while rows := self.fetchmany():
            yield from rows

    async def _fetch(self, count: int | str) -> Any:
        await self._run(f"FETCH FORWARD {count} FROM {self._name}")
        return self._cursor.fetchall()

    def close(self) -> None:
        lives_in, self._lives_in = self._lives_in, ()
        if in_greenlet() and self._connection.raw.info.transaction_status in lives_in:
            await_(self._run(f"CLOSE {self._name}"))
        self._cursor.close()


class AdaptedConnection(AsyncAdapt_terminate, AsyncAdapt_dbapi_connection):
    """A connection that is in a transaction from its first statement on, unless `autocommit`."""

    __slots__ = ("_begin", "_deferrable", "_isolation_level", "_readonly", "autocommit")
    _cursor_cls = AdaptedCursor
    _ss_cursor_cls = AdaptedServerCursor

    _connection: Any  # store.aiopg_connection.Connection

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.autocommit = False
        self._isolation_level: str | None = None
        self._readonly: bool | None = None
        self._deferrable: bool | None = None
        self._begin = "BEGIN;"

    @property
    def closed(self) -> bool:
        return bool(self._connection.closed)

    @property
    def notices(self) -> list[str]:
        said: list[str] = self._connection.raw.notices
        return said

    @property
    def in_transaction(self) -> bool:
        status: int = self._connection.raw.get_transaction_status()
        return status != TRANSACTION_STATUS_IDLE

    def opening(self, operation: str | bytes) -> str | bytes:
        """The statement, with BEGIN in front if a transaction has to start with it."""
        if self.autocommit or self.in_transaction:
            return operation
        if isinstance(operation, bytes):
            return self._begin.encode() + operation
        return self._begin + operation

    def set_isolation_level(self, level: str) -> None:
        self.autocommit = level == "AUTOCOMMIT"
        self._isolation_level = None if self.autocommit else level
        self._compose_begin()

    @property
    def readonly(self) -> bool | None:
        return self._readonly

    @readonly.setter
    def readonly(self, value: bool | None) -> None:
        self._readonly = value
        self._compose_begin()

    @property
    def deferrable(self) -> bool | None:
        return self._deferrable

    @deferrable.setter
    def deferrable(self, value: bool | None) -> None:
        self._deferrable = value
        self._compose_begin()

    def _compose_begin(self) -> None:
        begin = "BEGIN"
        if self._isolation_level is not None:
            begin += f" ISOLATION LEVEL {self._isolation_level}"
        if self._readonly is not None:
            begin += " READ ONLY" if self._readonly else " READ WRITE"
        if self._deferrable is not None:
            begin += " DEFERRABLE" if self._deferrable else " NOT DEFERRABLE"
        self._begin = begin + ";"

    def commit(self) -> None:
        if self.in_transaction:
            await_(self._run("COMMIT"))

    def rollback(self) -> None:
        if self.in_transaction:
            await_(self._run("ROLLBACK"))

    def finish_prepared(self, verb: str, xid: str) -> None:
        """COMMIT or ROLLBACK a transaction that no connection holds any more."""
        self.rollback()
        await_(self._run(f"{verb} PREPARED %s", (xid,)))

    async def _run(self, command: str, parameters: Any = None) -> None:
        await self._connection.execute(self._connection.raw.cursor(), command, parameters)

    def close(self) -> None:
        self._connection.close()

    def _terminate_force_close(self) -> None:
        self._connection.close()

    async def _terminate_graceful_close(self) -> None:
        # The server frees a transaction's locks some time after its client has gone. Whoever ends
        # a connection in the middle of a transaction may want those locks with the next statement.
        try:
            if self._connection.raw.info.transaction_status in _IN_TRANSACTION:
                async with asyncio.timeout(CANCEL_TIMEOUT):
                    await self._run("ROLLBACK")
        except (TimeoutError, psycopg2.Error):
            pass
        finally:
            self._connection.close()


class AiopgDbapi(AsyncAdapt_dbapi_module):
    """The module-like object that SQLAlchemy connects by and whose exceptions it knows."""

    def __init__(self) -> None:
        super().__init__(aiopg, dbapi_module=psycopg2)

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg2, name)

    def connect(self, *args: Any, **parameters: Any) -> AdaptedConnection:
        creator = parameters.pop("async_creator_fn", connect)
        return await_(AdaptedConnection.create(self, creator(*args, **parameters)))
