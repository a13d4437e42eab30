"""What a start does before it listens, and when it does."""

from collections.abc import Callable

from aiohttp import web

from api.database import DatabaseUrls
from api.keys import CONFIGURATION, DB
from api.setup.service import has_admin
from store import setup_link
from store.migrate import migrate


async def migrated(urls: DatabaseUrls, say: Callable[[str], None]) -> None:
    """Bring the schema up to date."""
    await migrate(urls.owner, rows_only=urls.rows_only, say=say)


async def setup_address(app: web.Application) -> str | None:
    """The link with which whoever runs the server gets in.

    None: there is an admin, or the configuration names one. Each link ends the one before, so it
    is made when nothing can go wrong any more: a start that fails, beside a server that runs, must
    not take that one's away.
    """
    configuration = app[CONFIGURATION]
    if configuration.admin_email is not None:
        return None
    async with app[DB].begin() as tx:
        await setup_link.take_turns(tx)
        if await has_admin(tx):
            return None
        token = await setup_link.make(tx)
    return f"{configuration.own_url}/app/setup#{token}"
