"""`hearth doctor`: each part of the server looked at, and what to do about what is not well."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import sfu
from api.configuration import Configuration
from api.database import DatabaseUrls
from api.operations import stun
from api.storage import storage
from store import migrate
from store.clock import Clock
from store.outage import Outage
from store.redis import SharedRedis, WrongRedisUrl

# Tokens and one-time codes go by the clock, and so does the order in which limits end.
_CLOCK_MAY_BE_OFF = timedelta(seconds=5)
_PATIENCE_SECONDS = 5.0


class State(StrEnum):
    WELL = "well"
    NOTE = "note"
    ILL = "ill"


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    state: State
    words: str


def well(part: str, words: str) -> Finding:
    return Finding(part, State.WELL, words)


def note(part: str, words: str) -> Finding:
    return Finding(part, State.NOTE, words)


def ill(part: str, words: str) -> Finding:
    return Finding(part, State.ILL, words)


async def examine(configuration: Configuration, urls: DatabaseUrls, clock: Clock) -> list[Finding]:
    """Every part in turn; one that is ill hinders no other from being looked at."""
    looks: list[Callable[[], Awaitable[list[Finding]]]] = [
        lambda: _database(urls, clock),
        lambda: _redis(configuration, clock),
        lambda: _storage(configuration),
        lambda: _media(configuration),
        lambda: _turn(configuration),
        lambda: _address(configuration),
    ]
    return [finding for look in looks for finding in await look()]


async def _database(urls: DatabaseUrls, clock: Clock) -> list[Finding]:
    engine = create_async_engine(urls.application, poolclass=NullPool)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), engine.connect() as connection:
            return [
                well("database", await _version(connection)),
                await _schema(connection),
                _roles(urls),
                await _database_clock(connection, clock),
            ]
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        return [
            ill(
                "database",
                f"can't be reached: {reason.splitlines()[0]}. Look at DATABASE_URL, and whether"
                " PostgreSQL runs and lets this machine in.",
            )
        ]
    finally:
        await engine.dispose()


async def _version(connection: AsyncConnection) -> str:
    version = await connection.scalar(text("SHOW server_version"))
    return f"PostgreSQL {version} answers"


async def _schema(connection: AsyncConnection) -> Finding:
    present = await migrate.revision(connection)
    if await asyncio.to_thread(migrate.is_fit, present):
        return well("schema", f"at {present}, which this code can work on")
    return ill("schema", f"at {present}, older than the code. Run `hearth migrate`.")


def _roles(urls: DatabaseUrls) -> Finding:
    if urls.rows_only is not None:
        return well("roles", f"{urls.owner.username} owns the schema, {urls.rows_only} its rows")
    return note(
        "roles",
        "one role owns the schema and works with its rows, so a fault in the server could loosen"
        " what the database refuses it. Give the owner's address in DATABASE_OWNER_URL and a role"
        " with rows only in DATABASE_URL.",
    )


async def _database_clock(connection: AsyncConnection, clock: Clock) -> Finding:
    theirs = await connection.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(theirs, datetime)
    return _compared("clock", "the database's", theirs, clock.now())


def _compared(part: str, whose: str, theirs: datetime, ours: datetime) -> Finding:
    off = abs(theirs - ours)
    if off <= _CLOCK_MAY_BE_OFF:
        return well(part, f"agrees with {whose}")
    return ill(
        part,
        f"is {round(off.total_seconds())} seconds away from {whose}. Let both machines set their"
        " clocks by the network (NTP).",
    )


async def _redis(configuration: Configuration, clock: Clock) -> list[Finding]:
    if configuration.redis_url is None:
        return [note("redis", "is not configured: that is fine for one server, two need it")]
    try:
        url = configuration.redis_url.get_secret_value()
        async with SharedRedis(url, clock, patience=_PATIENCE_SECONDS) as redis:
            await redis.check()
            seconds, microseconds = await redis.run("TIME")
    except (Outage, WrongRedisUrl) as error:
        return [ill("redis", str(error))]
    theirs = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(microseconds))
    return [well("redis", "answers"), _compared("redis clock", "ours", theirs, clock.now())]


async def _storage(configuration: Configuration) -> list[Finding]:
    blobs = storage(configuration)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), blobs:
            await blobs.check()
    except (Outage, TimeoutError) as error:
        return [ill("storage", str(error) or "does not answer. Look at HEARTH_S3_ENDPOINT.")]
    return [well("storage", "writes, reads and removes")]


async def _media(configuration: Configuration) -> list[Finding]:
    ports = range(configuration.rtc_port, configuration.rtc_port + configuration.sfu_workers)
    return [await asyncio.to_thread(_media_port, port) for port in ports]


def _media_port(port: int) -> Finding:
    part = f"media port {port}/udp"
    try:
        offer = sfu.probe_udp("0.0.0.0", port)  # noqa: S104 - as media itself will bind it
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return note(
                part,
                "is in use: by this server if it runs; if not, choose another with HEARTH_RTC_PORT",
            )
        return ill(part, f"can't be opened: {error.strerror}. Choose another: HEARTH_RTC_PORT.")
    smallest = min(offer.receive_buffer, offer.send_buffer)
    if smallest < sfu.WANTED_BUFFER:
        wanted = sfu.WANTED_BUFFER
        return note(
            part,
            f"has buffers of {smallest // 1024} KiB, and calls of many people lose packets below"
            f" {wanted // 1024}. As root: sysctl -w net.core.rmem_max={wanted}"
            f" net.core.wmem_max={wanted}",
        )
    batching = "with" if offer.segmentation and offer.coalescing else "without"
    return well(part, f"opens, with large buffers and {batching} batching by the kernel")


async def _turn(configuration: Configuration) -> list[Finding]:
    if not configuration.turn_urls:
        return [
            note("turn", "is not configured: people in networks that block UDP can't join calls")
        ]
    if configuration.turn_secret is None:
        return [ill("turn", "HEARTH_TURN_URLS is set, and HEARTH_TURN_SECRET is not.")]
    return [await _turn_server(url) for url in configuration.turn_urls]


async def _turn_server(url: str) -> Finding:
    try:
        address = await stun.ask(url, patience=_PATIENCE_SECONDS)
    except stun.NotAsked as reason:
        return note("turn", f"{url} {reason}")
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "no answer"
        return ill("turn", f"{url} does not answer ({why}). Look at its port in the firewall.")
    return well("turn", f"{url} answers, and sees us as {address}")


async def _address(configuration: Configuration) -> list[Finding]:
    if configuration.own_url.startswith("https:"):
        return [well("address", f"{configuration.own_url} is encrypted")]
    return [
        note(
            "address",
            "is plain HTTP: browsers give no camera to pages from other machines. Set"
            " HEARTH_TLS_CERT and HEARTH_TLS_KEY, or HEARTH_PUBLIC_URL behind a proxy.",
        )
    ]
