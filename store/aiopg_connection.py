"""aiopg's connection, mended.

Its faces (connection, cursor, notifications) stay aiopg's. Replaced is how it connects and waits,
because that is where aiopg 1.4 goes wrong:

- The server's `statement_timeout` comes out as `CancelledError`, the caller's own word for "stop".
- A cancelled caller leaves its statement running, with its locks.
- libpq opens a new socket for each address it tries; aiopg goes on listening to the first.
- libpq closes a socket that broke, and its number is soon another connection's; aiopg then takes
  the wrong one out of the loop.
- What `poll()` raises beyond psycopg2's own errors is lost, and its waiter waits for ever.
- Dropping a connection after its loop has closed fails inside the finalizer.
- A server that stands still keeps its callers waiting for ever.
"""

import asyncio
import contextlib
import os
import weakref
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, Self

import aiopg
import psycopg2
from aiopg.utils import ClosableQueue
from psycopg2.extensions import (
    POLL_OK,
    POLL_WRITE,
    TRANSACTION_STATUS_ACTIVE,
    cursor,
    make_dsn,
    parse_dsn,
)

from store.aiopg_cancel import request_cancel, wait_for_socket
from store.aiopg_hosts import Parameters, addresses, describe, servers

# For each address, unless `connect_timeout` is given. libpq leaves the limit to whoever polls.
CONNECT_TIMEOUT = 60.0
# How long a cancelled caller waits for the server to let go before the connection is thrown away.
CANCEL_TIMEOUT = 5.0
# A request that overtakes its own statement does nothing, so it is sent again while that runs.
CANCEL_INTERVAL = 0.1


class Connection(aiopg.Connection):
    """One session with one server; await it to connect."""

    # A future whose result is the error, if there was one. An exception that is set on a future
    # would be logged when its only waiter has been cancelled.
    _waiter: Any

    def __init__(self, **parameters: Any) -> None:
        # aiopg would ask for hstore's type at every connect; the dialect asks once an engine.
        super().__init__(
            "",
            CONNECT_TIMEOUT,
            enable_json=False,
            enable_hstore=False,
            enable_uuid=False,
            **parameters,
        )
        self._loop.remove_reader(self._conn.fileno())
        self._fileno = None
        self._waiter = None
        self._stopping: asyncio.Task[None] | None = None
        # How long an answer is waited for, in seconds. The server's own limits end a statement
        # only as long as the server works.
        self.patience: float | None = None

    async def _connect(self) -> Self:
        try:
            while (state := self._conn.poll()) != POLL_OK:
                await wait_for_socket(self._conn.fileno(), writing=state == POLL_WRITE)
        except BaseException:
            self._close()
            raise
        # The loop gets a number of our own for the socket, one that stays ours when libpq closes.
        self._fileno = os.dup(self._conn.fileno())
        self._loop.add_reader(self._fileno, self._ready, self._weakref)
        return self

    async def execute(self, using: cursor, operation: str | bytes, parameters: Any = None) -> None:
        """Run a statement on a psycopg2 cursor of this connection.

        A cancelled caller gets its `CancelledError` when the server has stopped the statement, or
        when the connection has been closed because the server did not.
        """
        self._create_waiter("execute")
        try:
            using.execute(operation, parameters)
        except BaseException:
            self._waiter = None
            if self._conn.closed:
                self._close()
            raise
        await self._answer()

    async def _poll(self, waiter: Any, timeout: float) -> None:  # noqa: ASYNC109  aiopg's signature
        async with asyncio.timeout(timeout):
            await self._answer()

    def _create_waiter(self, func_name: str) -> Any:
        if self._waiter is not None:
            raise psycopg2.InterfaceError(
                f"{func_name}: another task's statement is running on this connection; "
                "give each task a connection of its own"
            )
        self._waiter = self._loop.create_future()
        return self._waiter

    async def _answer(self) -> None:
        self._ready(self._weakref)
        try:
            if self._waiter.done():
                # The answer was here at once. A task with many such statements lets others run.
                await asyncio.sleep(0)
            async with asyncio.timeout(self.patience):
                error = await self._waiter
        except TimeoutError:
            # Nor is it asked to stop the statement: who does not answer would not answer that.
            self._close()
            error = psycopg2.OperationalError(f"no answer in {self.patience:g} seconds")
        except asyncio.CancelledError:
            # In a task of its own, because the caller may be cancelled again before the end.
            self._stopping = stopping = self._loop.create_task(self._stop_statement())
            while not stopping.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([stopping])
            raise
        finally:
            self._waiter = self._stopping = None
        if error is not None:
            try:
                raise error
            finally:
                # Or the error's traceback and this frame would keep each other.
                del error

    async def _stop_statement(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT):
                while self._is_running:
                    with contextlib.suppress(psycopg2.Error):
                        await request_cancel(self._conn)
                    await asyncio.wait([self._waiter], timeout=CANCEL_INTERVAL)
        except TimeoutError:
            pass
        finally:
            if self._is_running:
                self._close()

    @property
    def _is_running(self) -> bool:
        return not self._conn.closed and self._conn.isexecuting()

    @staticmethod
    def _ready(weak_self: "weakref.ref[Any]") -> None:
        self: Connection | None = weak_self()
        if self is None:
            return
        try:
            state = self._conn.poll()
        except Exception as error:  # noqa: BLE001  whatever it is, the waiter has to hear of it
            self._deliver(error)
            if (
                self._conn.closed
                or self._conn.get_transaction_status() == TRANSACTION_STATUS_ACTIVE
            ):
                # Lost, or in the middle of a COPY, which psycopg2 begins but can not go on with.
                self._close()
            return
        while self._conn.notifies:
            self._notifies.put_nowait(self._conn.notifies.pop(0))
        if state == POLL_OK:
            self._deliver(None)
        if (state == POLL_WRITE) != self._writing and self._fileno is not None:
            self._writing = not self._writing
            if self._writing:
                self._loop.add_writer(self._fileno, self._ready, weak_self)
            else:
                self._loop.remove_writer(self._fileno)

    @property
    def notifies(self) -> ClosableQueue:
        # What arrived together with a statement's answer is seen at the next look only.
        if self._waiter is None and not self._conn.closed:
            self._ready(self._weakref)
        return super().notifies

    def _deliver(self, error: Exception | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(error)

    def _close(self) -> None:
        self._conn.close()
        fileno, self._fileno = self._fileno, None
        if not self._loop.is_closed():
            if fileno is not None:
                self._loop.remove_reader(fileno)
                self._loop.remove_writer(fileno)
            if self._stopping is not None:
                # Nothing is left to be stopped, and the server may not even answer that.
                self._stopping.cancel()
            closed = psycopg2.OperationalError("connection closed")
            self._deliver(closed)
            self._notifies_proxy.close(closed)
        if fileno is not None:
            os.close(fileno)


async def connect(
    dsn: str | None = None, *, patience: float | None = None, **parameters: Any
) -> Connection:
    """Connect to the first server that answers, of those that libpq's parameters name."""
    wanted = parse_dsn(make_dsn(dsn, **parameters))
    connection = await _first_to_answer(_connect_to_server(server) for server in servers(wanted))
    connection.patience = patience
    return connection


async def _connect_to_server(server: Parameters) -> Connection:
    async with _attempt_at(server):
        found = await addresses(server)
    return await _first_to_answer(_connect_to_address(address) for address in found)


async def _connect_to_address(address: Parameters) -> Connection:
    async with _attempt_at(address):
        return await Connection(**address)._connect()


async def _first_to_answer(attempts: Iterable[Coroutine[Any, Any, Connection]]) -> Connection:
    failures = []
    for attempt in attempts:
        try:
            return await attempt
        except psycopg2.OperationalError as failure:
            failures.append(str(failure))
    raise psycopg2.OperationalError("\n".join(failures))


@contextlib.asynccontextmanager
async def _attempt_at(server: Parameters) -> AsyncIterator[None]:
    """Limit the time, and say in an error where it was: psycopg2 leaves that out."""
    # As with libpq, zero or less stands for "not given".
    asked = float(server.get("connect_timeout", 0))
    seconds = asked if asked > 0 else CONNECT_TIMEOUT
    try:
        async with asyncio.timeout(seconds):
            yield
    except (TimeoutError, psycopg2.OperationalError) as failure:
        reason = str(failure).strip() or f"no answer in {seconds:g} seconds"
        raise psycopg2.OperationalError(f"{describe(server)}: {reason}") from failure
