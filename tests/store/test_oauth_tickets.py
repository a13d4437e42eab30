"""A ticket may be shown until it is used, and for five minutes at most."""

import asyncio

from store import oauth_tickets, users
from store.database import Database
from store.oauth_tickets import OauthTicket
from store.users import NewUser


async def keep(db: Database, token: str, *, subject: str = "s") -> OauthTicket:
    async with db.begin() as tx:
        user = await users.create(tx, NewUser("PARENT", "ACTIVE", token, f"owner-{token}"))
        ticket = OauthTicket("google", subject, user.id, b"browser")
        await oauth_tickets.keep(tx, token, ticket)
    return ticket


async def test_it_may_be_shown_again_and_used_once(database: Database) -> None:
    ticket = await keep(database, "shown")
    async with database.read() as db:
        assert await oauth_tickets.find(db, "shown") == ticket
        assert await oauth_tickets.find(db, "shown") == ticket
    async with database.begin() as tx:
        assert await oauth_tickets.use(tx, "shown")
        assert not await oauth_tickets.use(tx, "shown")
        assert await oauth_tickets.find(tx, "shown") is None


async def test_of_many_at_once_one_uses_it(database: Database) -> None:
    await keep(database, "raced")

    async def use() -> bool:
        async with database.begin() as tx:
            return await oauth_tickets.use(tx, "raced")

    assert sorted(await asyncio.gather(*(use() for _ in range(10)))) == [False] * 9 + [True]


async def test_it_ends_and_is_forgotten(database: Database) -> None:
    await keep(database, "ends")
    async with database.begin() as tx:
        tx.now += oauth_tickets.LIFE
        assert await oauth_tickets.find(tx, "ends") is None
        assert await oauth_tickets.sweep(tx) >= 1
        assert not await oauth_tickets.use(tx, "ends")


async def test_a_proof_that_comes_twice_gets_no_longer_time(database: Database) -> None:
    first = await keep(database, "twice")
    async with database.begin() as tx:
        await oauth_tickets.keep(tx, "twice", OauthTicket("google", "another", first.user_id))
        assert await oauth_tickets.find(tx, "twice") == first
