import asyncio

from store import settings
from store.database import Database


async def test_nothing_is_changed_at_first(database: Database) -> None:
    async with database.read() as reading:
        assert await settings.version(reading) == 0
        assert await settings.read(reading) == settings.Changed()


async def test_each_change_is_a_version_of_its_own(database: Database) -> None:
    async with database.begin() as tx:
        before = await settings.version(tx)
        first = await settings.write(tx, {"a": 1, "b": "two"}, by="u_1")
    async with database.begin() as tx:
        second = await settings.write(tx, {"a": 3}, by=None)
    assert (first, second) == (before + 1, before + 2)
    async with database.read() as reading:
        changed = await settings.read(reading)
    assert changed.version == second
    assert changed.values == {"a": 3, "b": "two"}


async def test_changes_at_once_get_versions_without_a_gap(database: Database) -> None:
    async with database.read() as reading:
        before = await settings.version(reading)

    async def change(number: int) -> int:
        async with database.begin() as tx:
            await settings.lock(tx)
            return await settings.write(tx, {f"n{number}": number}, by=None)

    versions = await asyncio.gather(*(change(number) for number in range(10)))
    assert sorted(versions) == list(range(before + 1, before + 11))
