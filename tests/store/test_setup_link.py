import asyncio

from sqlalchemy import func, select

from store import setup_link
from store.database import Database


async def test_the_newest_link_is_the_only_one(database: Database) -> None:
    async with database.begin() as tx:
        first = await setup_link.make(tx)
    async with database.begin() as tx:
        second = await setup_link.make(tx)
    async with database.read() as reading:
        newest = await setup_link.newest(reading)
    assert newest == setup_link.fingerprint(second)
    assert newest != setup_link.fingerprint(first)


async def test_servers_that_start_at_once_leave_one_link(database: Database) -> None:
    async def start() -> None:
        async with database.begin() as tx:
            await setup_link.make(tx)

    await asyncio.gather(*(start() for _ in range(10)))
    async with database.read() as reading:
        assert await reading.scalar(select(func.count()).select_from(setup_link.SetupLinkRow)) == 1
