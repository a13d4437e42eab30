"""A browser that was sent away comes back once, and in time."""

import asyncio

from store import oauth_flows
from store.database import Database
from store.oauth_flows import OauthFlow


async def begin(db: Database) -> tuple[OauthFlow, str]:
    flow = oauth_flows.plan("google")
    async with db.begin() as tx:
        return flow, await oauth_flows.begin(tx, flow)


async def take(db: Database, token: str) -> OauthFlow | None:
    async with db.begin() as tx:
        return await oauth_flows.take(tx, token)


async def test_it_finds_what_it_had_begun_and_finds_it_once(database: Database) -> None:
    flow, token = await begin(database)
    assert await take(database, "another") is None
    assert await take(database, token) == flow
    assert await take(database, token) is None


async def test_of_many_at_once_one_finds_it(database: Database) -> None:
    flow, token = await begin(database)
    found = await asyncio.gather(*(take(database, token) for _ in range(10)))
    assert [one for one in found if one is not None] == [flow]


async def test_too_late_is_never(database: Database) -> None:
    _, token = await begin(database)
    async with database.begin() as tx:
        tx.now += oauth_flows.LIFE
        assert await oauth_flows.take(tx, token) is None


async def test_those_who_never_came_back_are_forgotten_and_the_others_are_not(
    database: Database,
) -> None:
    _, old = await begin(database)
    async with database.begin() as tx:
        tx.now += oauth_flows.LIFE
        young = await oauth_flows.begin(tx, oauth_flows.plan("google"))
        assert await oauth_flows.sweep(tx) >= 1
    assert await take(database, old) is None
    assert await take(database, young) is not None


def test_nothing_of_it_is_shown() -> None:
    flow = oauth_flows.plan("google")
    for secret in (flow.state, flow.nonce, flow.verifier):
        assert len(secret) >= 43, "RFC 7636, 4.1"
        assert secret not in repr(flow)
