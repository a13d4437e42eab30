"""What each part of the server says when it is asked whether it can work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.operations.schemas import PartOut
from store import migrate
from store.database import Database
from store.outage import Outage

Check = Callable[[], Awaitable[None]]
# Whoever asks decides within seconds; a part that hangs is a part that is away.
PATIENCE_SECONDS = 2.0
CHECKS: web.AppKey[dict[str, Check]] = web.AppKey("health_checks")


class NotWorking(Exception):
    """The part can't do its work; the message tells whoever runs the server why."""


async def check_all(checks: Mapping[str, Check]) -> dict[str, PartOut]:
    parts = await asyncio.gather(*map(_ask, checks.values()))
    return dict(zip(checks, parts, strict=True))


async def _ask(check: Check) -> PartOut:
    asking = asyncio.create_task(_quietly(check))
    done, _ = await asyncio.wait({asking}, timeout=PATIENCE_SECONDS)
    if not done:
        # Not waited for: what hangs may take its time to be cancelled as well.
        asking.cancel()
        return PartOut(ok=False, problem="does not answer")
    return asking.result()


async def _quietly(check: Check) -> PartOut:
    try:
        await check()
    except NotWorking as reason:
        return PartOut(ok=False, problem=str(reason))
    except (OSError, Outage, SQLAlchemyError) as error:
        # Its text may hold addresses and names, and anybody may ask; its kind is enough to go by.
        return PartOut(ok=False, problem=f"is away ({type(error).__name__})")
    return PartOut(ok=True)


def database_check(db: Database) -> Check:
    async def check() -> None:
        async with db.read() as reading:
            await reading.scalar(select(1))

    return check


def migrations_check(db: Database) -> Check:
    async def check() -> None:
        async with db.read() as reading:
            present = await migrate.revision(reading.connection)
        if not await asyncio.to_thread(migrate.is_fit, present):
            raise NotWorking(f"the schema is at {present}, older than the code")

    return check


async def media_core_check() -> None:
    try:
        import_module("sfu")
    except ImportError:
        raise NotWorking("is not built; `make build` builds it") from None
