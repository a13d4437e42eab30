"""What goes wrong in aiopg 1.4, going right."""

import asyncio
import gc
import ssl
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store import aiopg_connection
from tests.support.postgres_relay import PostgresRelay
from tests.support.waiting import eventually

_HOUR = text("SELECT pg_sleep(3600)")
_RUNNING = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = :pid")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def onlooker(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection that sees what the server is doing."""
    engine = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def server_process(connection: AsyncConnection) -> int:
    pid: int = await connection.scalar(text("SELECT pg_backend_pid()"))
    return pid


async def is_running(onlooker: AsyncConnection, pid: int) -> bool:
    return bool(await onlooker.scalar(_RUNNING, {"pid": pid}))


async def run_for_an_hour(
    connection: AsyncConnection, onlooker: AsyncConnection
) -> tuple[asyncio.Task[Any], int]:
    """A task whose statement is running when this returns, and the server's process."""
    pid = await server_process(connection)
    task = asyncio.create_task(connection.execute(_HOUR))
    async with asyncio.timeout(30):
        while not await is_running(onlooker, pid):
            pass
    return task, pid


async def test_a_statement_timeout_is_an_error_and_not_a_cancellation(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SET LOCAL statement_timeout = 50"))
        with pytest.raises(OperationalError) as raised:
            await connection.execute(_HOUR)
        assert isinstance(raised.value.orig, psycopg2.errors.QueryCanceled)
        assert not raised.value.connection_invalidated
        await connection.rollback()
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_cancelled_task_stops_its_statement(
    engine: AsyncEngine, onlooker: AsyncConnection
) -> None:
    async with engine.connect() as connection:
        task, pid = await run_for_an_hour(connection, onlooker)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await is_running(onlooker, pid)


async def test_a_cancelled_task_lets_its_locks_go(
    engine: AsyncEngine, onlooker: AsyncConnection
) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
        # A savepoint keeps what was locked before it, so that stopping the statement is not enough.
        await connection.execute(text("SAVEPOINT inner_part"))
        task, _ = await run_for_an_hour(connection, onlooker)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await onlooker.scalar(text("SELECT pg_try_advisory_lock(1)"))


async def test_a_time_limit_stops_the_statement(
    engine: AsyncEngine, onlooker: AsyncConnection
) -> None:
    async with engine.connect() as connection:
        pid = await server_process(connection)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.execute(_HOUR)
        assert not await is_running(onlooker, pid)


async def test_a_statement_cancelled_as_it_is_sent_is_stopped(
    engine: AsyncEngine, onlooker: AsyncConnection
) -> None:
    async with engine.connect() as connection:
        pid = await server_process(connection)
        task = asyncio.create_task(connection.execute(_HOUR))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await is_running(onlooker, pid)


async def test_a_task_cancelled_again_still_waits_for_the_end(
    engine: AsyncEngine, onlooker: AsyncConnection
) -> None:
    async with engine.connect() as connection:
        task, pid = await run_for_an_hour(connection, onlooker)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await is_running(onlooker, pid)


async def test_a_connection_serves_on_after_a_cancelled_statement(database_url: str) -> None:
    connection = await connect_to(database_url)
    for _ in range(20):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await connection.execute(connection.raw.cursor(), "SELECT pg_sleep(3600)")
        cursor = connection.raw.cursor()
        await connection.execute(cursor, "SELECT 'the next one'")
        assert cursor.fetchall() == [("the next one",)]
    connection.close()


async def test_a_connection_is_thrown_away_when_the_server_does_not_stop(
    database_url: str, onlooker: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiopg_connection, "CANCEL_TIMEOUT", 0.2)
    async with PostgresRelay(make_url(database_url), is_deaf=True) as relay:
        engine = create_async_engine(relay.url)
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            task, _ = await run_for_an_hour(connection, onlooker)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert relay.cancels_over_tls == [False]
            assert driver is not None
            assert driver.closed
        await engine.dispose()


async def test_a_connection_that_is_closed_is_not_waited_for_any_more(
    database_url: str, onlooker: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiopg_connection, "CANCEL_TIMEOUT", 3600)
    async with PostgresRelay(make_url(database_url), is_deaf=True) as relay:
        engine = create_async_engine(relay.url)
        async with asyncio.timeout(30), engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            task, _ = await run_for_an_hour(connection, onlooker)
            task.cancel()
            await eventually(lambda: relay.cancels_over_tls == [False])
            driver.close()
            with pytest.raises(asyncio.CancelledError):
                await task
        await engine.dispose()


async def test_an_answer_that_does_not_come_ends_the_connection(database_url: str) -> None:
    engine = create_async_engine(database_url, connect_args={"patience": 0.1})
    async with engine.connect() as connection:
        with pytest.raises(OperationalError, match="no answer in") as raised:
            await connection.execute(_HOUR)
        assert raised.value.connection_invalidated
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_an_encrypted_connection_is_cancelled_by_an_encrypted_request(
    database_url: str, onlooker: AsyncConnection, certificate: ssl.SSLContext
) -> None:
    async with PostgresRelay(make_url(database_url), certificate=certificate) as relay:
        engine = create_async_engine(relay.url, connect_args={"sslmode": "require"})
        async with engine.connect() as connection:
            task, pid = await run_for_an_hour(connection, onlooker)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not await is_running(onlooker, pid)
        await engine.dispose()
        assert relay.cancels_over_tls
        assert all(relay.cancels_over_tls)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("relay") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_two_tasks_do_not_share_a_connection(
    engine: AsyncEngine, onlooker: AsyncConnection
) -> None:
    async with engine.connect() as connection:
        task, _ = await run_for_an_hour(connection, onlooker)
        with pytest.raises(InterfaceError, match="another task's statement"):
            await connection.execute(text("SELECT 1"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(
    database_url: str, onlooker: AsyncConnection
) -> None:
    engine = create_async_engine(database_url, pool_size=1, pool_pre_ping=True)
    async with engine.connect() as connection:
        old = await server_process(connection)
    await end(old, onlooker)
    async with engine.connect() as connection:
        assert await server_process(connection) != old
    await engine.dispose()


async def test_a_connection_that_the_server_ended_is_an_error_once(
    database_url: str, onlooker: AsyncConnection
) -> None:
    engine = create_async_engine(database_url, pool_size=1)
    async with engine.connect() as connection:
        await end(await server_process(connection), onlooker)
        with pytest.raises(DBAPIError) as raised:
            await connection.scalar(text("SELECT 1"))
        assert raised.value.connection_invalidated
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def end(pid: int, onlooker: AsyncConnection) -> None:
    await onlooker.execute(text("SELECT pg_terminate_backend(:pid, 30000)"), {"pid": pid})


async def test_a_connection_that_broke_takes_nothing_from_its_successor(
    database_url: str, onlooker: AsyncConnection
) -> None:
    broken = await connect_to(database_url)
    number = broken.raw.fileno()
    await end(broken.raw.info.backend_pid, onlooker)
    await eventually(lambda: bool(broken.closed))

    successors = [await connect_to(database_url)]
    while successors[-1].raw.fileno() != number:
        successors.append(await connect_to(database_url))
    broken.close()
    await successors[-1].execute(successors[-1].raw.cursor(), "SELECT pg_sleep(0.01)")
    for successor in successors:
        successor.close()


async def test_a_copy_ends_with_an_error_and_takes_the_connection_with_it(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="can't execute COPY") as raised:
            await connection.execute(text("COPY (SELECT 1) TO STDOUT"))
        assert raised.value.connection_invalidated
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_aiopgs_own_cursor_is_mended_too(database_url: str) -> None:
    connection = await connect_to(database_url)
    async with connection.cursor() as cursor:
        with pytest.raises(TimeoutError):
            await cursor.execute("SELECT pg_sleep(3600)", timeout=0.05)
    async with connection.cursor() as cursor:
        await cursor.execute("LISTEN news; NOTIFY news, 'here'; SELECT 1")
        assert await cursor.fetchall() == [(1,)]
    assert (await connection.notifies.get()).payload == "here"
    connection.close()


def test_an_abandoned_connection_is_closed_even_after_its_loop(database_url: str) -> None:
    connection = asyncio.run(connect_to(database_url))
    raw = connection.raw
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del connection
        gc.collect()

    assert [each.category for each in warned] == [ResourceWarning]
    assert raw.closed


async def connect_to(url: str) -> aiopg_connection.Connection:
    parameters: dict[str, Any] = dict(make_url(url).query)
    parameters |= make_url(url).translate_connect_args(username="user", database="dbname")
    return await aiopg_connection.connect(**parameters)
