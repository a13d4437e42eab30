"""Waiting until somebody else waits: for a lock in PostgreSQL."""

import asyncio

from sqlalchemy import text

from store.database import Database

_WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database()"
)


async def wait_for_a_lock(db: Database, how_many: int = 1) -> None:
    """Return once so many sessions of this database wait for one."""
    async with db.read() as reading, asyncio.timeout(30):
        while (await reading.scalar(_WAITING) or 0) < how_many:  # noqa: ASYNC110 - others wait
            await asyncio.sleep(0.005)
