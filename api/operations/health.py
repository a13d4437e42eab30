"""What each part of the server says when it is asked whether it can work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from api.operations.schemas import PartOut
from store import migrate
from store.database import Database
from store.outage import Outage

Check = Callable[[], Awaitable[None]]
# Whoever asks for readiness decides within seconds; a part that hangs is a part that is away.
PATIENCE = 2.0
CHECKS = web.AppKey("health_checks", dict[str, Check])


class NotWorking(Exception):
    """The part can't do its work; the message says why, to whoever runs the server."""


async def check_all(checks: Mapping[str, Check]) -> dict[str, PartOut]:
    parts = await asyncio.gather(*map(_check, checks.values()))
    return dict(zip(checks, parts, strict=True))


async def _check(check: Check) -> PartOut:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except NotWorking as reason:
        return PartOut(ok=False, problem=str(reason))
    except TimeoutError:
        return PartOut(ok=False, problem="does not answer")
    except (OSError, Outage, DBAPIError) as error:
        # The class tells enough for whoever runs the server, and its text may hold addresses.
        return PartOut(ok=False, problem=f"is away ({type(error).__name__})")
    return PartOut(ok=True)


def database_check(db: Database) -> Check:
    async def check() -> None:
        async with db.read() as reading:
            await reading.scalar(select(1))

    return check


def migrations_check(db: Database) -> Check:
    newest = migrate.newest_revision()

    async def check() -> None:
        async with db.read() as reading:
            present = await migrate.revision(reading)
        if present != newest:
            raise NotWorking(f"the schema is at {present}, the code wants {newest}")

    return check


def media_core_check() -> Check:
    async def check() -> None:
        try:
            import sfu
        except ImportError:
            raise NotWorking("sfu._core is not built: run `make build`") from None

    return check
