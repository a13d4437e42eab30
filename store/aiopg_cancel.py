"""Asking PostgreSQL to stop a statement, without stopping the event loop.

psycopg2 has `connection.cancel()`, but that blocks until the server has closed the request's
socket, holds the interpreter's lock all the while (so a thread is no way out), and goes out
unencrypted whatever `sslmode` says. libpq 17 has a cancel request that is polled like a connection,
with the address and the encryption of the connection that it is for. psycopg2 does not wrap it, but
gives out libpq's own connection for such cases (`pgconn_ptr`).
"""

import asyncio
import ctypes

import psycopg2
from psycopg2.extensions import connection, libpq_version

_FIRST_LIBPQ = 17

if libpq_version() // 10000 < _FIRST_LIBPQ:
    raise ImportError(
        f"psycopg2 uses libpq {libpq_version() // 10000}, which can not cancel a statement without "
        f"blocking: install psycopg2-binary, or build psycopg2 with libpq {_FIRST_LIBPQ} or newer"
    )

# A symbol is looked up in a library and then in those it was linked with, so that psycopg2's own
# extension leads to the very libpq that it uses, wherever a wheel keeps it.
_libpq = ctypes.CDLL(psycopg2._psycopg.__file__)
_libpq.PQcancelCreate.argtypes = [ctypes.c_void_p]
_libpq.PQcancelCreate.restype = ctypes.c_void_p
_libpq.PQcancelStart.argtypes = [ctypes.c_void_p]
_libpq.PQcancelPoll.argtypes = [ctypes.c_void_p]
_libpq.PQcancelSocket.argtypes = [ctypes.c_void_p]
_libpq.PQcancelErrorMessage.argtypes = [ctypes.c_void_p]
_libpq.PQcancelErrorMessage.restype = ctypes.c_char_p
_libpq.PQcancelFinish.argtypes = [ctypes.c_void_p]
_libpq.PQcancelFinish.restype = None

# libpq's PostgresPollingStatusType; psycopg2 numbers its POLL_* differently.
_FAILED, _READING, _WRITING, _OK = range(4)


async def request_cancel(running: connection) -> None:
    """Ask the server to stop what `running` is doing, and wait until it has passed that on.

    The server ignores a request that comes between two statements. Once this returns, the request
    can not hit a statement that is sent later.
    """
    request = _libpq.PQcancelCreate(running.pgconn_ptr)
    try:
        state = _WRITING if _libpq.PQcancelStart(request) else _FAILED
        while state != _OK:
            if state == _FAILED:
                reason = _libpq.PQcancelErrorMessage(request).decode(errors="replace").strip()
                raise psycopg2.OperationalError(f"the cancel request failed: {reason}")
            await wait_for_socket(_libpq.PQcancelSocket(request), writing=state == _WRITING)
            state = _libpq.PQcancelPoll(request)
    finally:
        _libpq.PQcancelFinish(request)


async def wait_for_socket(fd: int, *, writing: bool) -> None:
    """Wait once, and leave nothing behind: libpq may go on with another socket."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add, remove = (
        (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    )
    add(fd, wake)
    try:
        await ready
    finally:
        remove(fd)
