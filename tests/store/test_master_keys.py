"""Which master key holds, from the first start on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from blockbuster import BlockBuster
from sqlalchemy import insert, select, update

from store.database import Database
from store.envelope import Envelope
from store.ids import new_id
from store.keys import KeyRow
from store.master_key import LocalMasterKey, WrongMasterKey
from store.master_keys import MasterKeyRow
from store.migrate import migrate
from tests.support.clock import START
from tests.support.postgres import Postgres
from tests.support.sealing import (
    NEW,
    OLD,
    OTHER,
    establish,
    fresh_database,
    opened,
    rotate,
    seal,
)


@pytest.fixture
async def db(postgres: Postgres) -> AsyncIterator[Database]:
    async with fresh_database(postgres) as (_, db):
        yield db


async def test_another_master_key_is_refused_before_anything_was_sealed(db: Database) -> None:
    await establish(db, OLD)
    await establish(db, OLD)
    with pytest.raises(WrongMasterKey):
        await establish(db, OTHER)
    with pytest.raises(WrongMasterKey):
        await seal(db, Envelope(OTHER))


async def test_of_servers_that_start_at_once_with_different_keys_one_prevails(
    db: Database,
) -> None:
    keys = [LocalMasterKey.random() for _ in range(5)]
    ended = await asyncio.gather(*(establish(db, key) for key in keys), return_exceptions=True)
    assert [type(each) for each in ended].count(WrongMasterKey) == 4
    assert ended.count(None) == 1


async def test_whoever_seals_first_needs_no_start(db: Database) -> None:
    sealed = await seal(db, Envelope(OLD))
    assert await opened(db, Envelope(OLD), sealed)
    with pytest.raises(WrongMasterKey):
        await establish(db, OTHER)


async def test_a_proof_that_was_tampered_with_is_a_wrong_key(db: Database) -> None:
    await establish(db, OLD)
    async with db.begin() as tx:
        await tx.execute(update(MasterKeyRow).values(proof=b"nonsense"))
    with pytest.raises(WrongMasterKey):
        await establish(db, OLD)


async def test_a_database_of_the_first_release_goes_on_under_its_master_key(
    postgres: Postgres, no_blocking_calls: BlockBuster
) -> None:
    # Migrations run before there is a loop that others wait for.
    no_blocking_calls.deactivate()
    async with fresh_database(postgres) as (name, db):
        owner = postgres.owner_url(name)
        await migrate(owner, to="0003", rows_only="hearth")
        key_id = new_id("k", START)
        async with db.begin() as tx:
            await tx.execute(
                insert(KeyRow).values(
                    id=key_id,
                    kind="server_secret",
                    wrapped=await OLD.wrap(OLD.current, b"s" * 32, key_id.encode()),
                    master_key_id=OLD.current,
                    created_at=START,
                )
            )
        await migrate(owner, rows_only="hearth")
        with pytest.raises(WrongMasterKey):
            await establish(db, OTHER)
        await establish(db, OLD)
        await rotate(db, OLD, NEW)
        async with db.begin() as tx:
            assert await Envelope(NEW).server_secret(tx) == b"s" * 32
            # As a server of that release, started with the new key, opens it.
            wrapped = await tx.scalar(select(KeyRow.wrapped))
            assert wrapped is not None
            assert await NEW.unwrap(NEW.current, wrapped, key_id.encode()) == b"s" * 32
