"""What a start does before anybody is let in."""

from collections.abc import Callable

from api.configuration import Configuration
from api.database import DatabaseUrls
from store import setup_link
from store.clock import SystemClock
from store.database import Database
from store.migrate import migrate


async def prepare(
    configuration: Configuration, urls: DatabaseUrls, say: Callable[[str], None]
) -> str:
    """Bring the schema up to date; gives the link with which whoever runs the server gets in."""
    await migrate(urls.owner, rows_only=urls.rows_only, say=say)
    token = await _make_setup_link(urls)
    return f"{configuration.own_url}/app/setup#{token}"


async def _make_setup_link(urls: DatabaseUrls) -> str:
    async def nobody_listens_yet(topic: str, message: object) -> None: ...

    db = Database.connect(urls.application, clock=SystemClock(), publish=nobody_listens_yet)
    try:
        async with db.begin() as tx:
            return await setup_link.make(tx)
    finally:
        await db.close()
