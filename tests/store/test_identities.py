"""Who somebody is to a provider belongs to one account, and goes with it."""

import asyncio

from sqlalchemy import delete, func, select

from store import identities, users
from store.database import Database
from store.identities import IdentityRow
from store.users import NewUser, UserRow


async def somebody(db: Database, name: str) -> str:
    async with db.begin() as tx:
        return (await users.create(tx, NewUser("PARENT", "ACTIVE", name, name))).id


async def test_who_comes_first_has_it_however_many_come_at_once(database: Database) -> None:
    people = [await somebody(database, f"claimant-{number}") for number in range(5)]

    async def claim(user_id: str) -> str:
        async with database.begin() as tx:
            owner = await identities.hold(tx, "google", "claimed")
            if owner is None:
                await identities.link(tx, "google", "claimed", user_id)
            return owner or user_id

    owners = await asyncio.gather(*(claim(user_id) for user_id in people))
    assert len(set(owners)) == 1


async def test_identities_hold_nobody_up_but_those_who_want_the_same(database: Database) -> None:
    async with database.begin() as one, database.begin() as other:
        assert await identities.hold(one, "google", "x") is None
        assert await identities.hold(other, "google", "y") is None
        assert await identities.hold(other, "apple", "x") is None


async def test_an_account_takes_its_identities_with_it(database: Database) -> None:
    user_id = await somebody(database, "leaves")
    async with database.begin() as tx:
        await identities.link(tx, "google", "leaves", user_id)
        await tx.execute(delete(UserRow).where(UserRow.id == user_id))
        assert await identities.hold(tx, "google", "leaves") is None
        counted = select(func.count()).where(IdentityRow.user_id == user_id)
        assert await tx.scalar(counted) == 0
