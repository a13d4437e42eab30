"""What a start does before anybody is let in."""

from collections.abc import Callable

from api.configuration import Configuration
from api.database import DatabaseUrls
from api.setup.service import has_admin
from store import setup_link
from store.clock import SystemClock
from store.database import Database
from store.migrate import migrate


async def migrated(urls: DatabaseUrls, say: Callable[[str], None]) -> None:
    await migrate(urls.owner, rows_only=urls.rows_only, say=say)


async def prepare(
    configuration: Configuration, urls: DatabaseUrls, say: Callable[[str], None]
) -> str | None:
    """Bring the schema up to date; gives the link with which whoever runs the server gets in.

    None: there is an admin, or the configuration names one.
    """
    await migrated(urls, say)
    if configuration.admin_email is not None:
        return None
    token = await _make_setup_link(urls)
    return f"{configuration.own_url}/app/setup#{token}" if token else None


async def _make_setup_link(urls: DatabaseUrls) -> str | None:
    async def nobody_listens_yet(topic: str, message: object) -> None: ...

    db = Database.connect(urls.application, clock=SystemClock(), publish=nobody_listens_yet)
    try:
        async with db.begin() as tx:
            await setup_link.take_turns(tx)
            return None if await has_admin(tx) else await setup_link.make(tx)
    finally:
        await db.close()
