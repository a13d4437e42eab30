"""Databases in which nothing was ever sealed, and what tests seal in them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import select

from store import master_keys
from store.clock import SystemClock
from store.database import Database, Message
from store.envelope import Envelope, Sealed
from store.keys import KeyRow
from store.master_key import KeyProvider, LocalMasterKey, WrongMasterKey
from store.master_keys import MasterKeys
from store.rotation import Rotation
from tests.support.postgres import Postgres

OLD = LocalMasterKey(b"o" * 32)
NEW = LocalMasterKey(b"n" * 32)
OTHER = LocalMasterKey(b"x" * 32)


@asynccontextmanager
async def fresh_database(postgres: Postgres) -> AsyncIterator[tuple[str, Database]]:
    """Its name, and a way in for the application's role."""

    async def nobody_listens(topic: str, message: Message) -> None: ...

    name = await asyncio.to_thread(postgres.make_database)
    url = postgres.application_url(name)
    db = Database.connect(url, clock=SystemClock(), publish=nobody_listens)
    yield name, db
    await db.close()
    await asyncio.to_thread(postgres.drop_database, name)


async def establish(db: Database, provider: KeyProvider) -> None:
    async with db.begin() as tx:
        await Envelope(provider).establish(tx)


async def seal(
    db: Database, envelope: Envelope, how_many: int = 1, *, first: int = 0
) -> list[Sealed]:
    async with db.begin() as tx:
        return [
            await envelope.seal(tx, b"secret %d" % n, kind="game", record=f"g_{n}", owner="u_1")
            for n in range(first, first + how_many)
        ]


async def opened(db: Database, envelope: Envelope, sealed: Sequence[Sealed]) -> bool:
    """Whether each opens as what it was."""
    async with db.read() as reading:
        plain = [
            await envelope.open(reading, each, record=f"g_{n}", owner="u_1")
            for n, each in enumerate(sealed)
        ]
    return plain == [b"secret %d" % n for n in range(len(sealed))]


async def begun(db: Database, given: LocalMasterKey, new: LocalMasterKey) -> Rotation:
    """A rotation as it begins in a process that was given one key and is to bring another."""
    rotation = Rotation(db, SystemClock(), MasterKeys(given))
    await rotation.begin(new)
    return rotation


async def rotate(db: Database, given: LocalMasterKey, new: LocalMasterKey) -> None:
    rotation = await begun(db, given, new)
    await rotation.rewrap(silently)
    assert await rotation.finish()


def silently(done: int, of: int) -> None: ...


async def master_keys_of_rows(db: Database) -> set[str]:
    async with db.read() as reading:
        return set(await reading.scalars(select(KeyRow.master_key_id)))


async def opens_nothing(db: Database, key: LocalMasterKey, sealed: Sequence[Sealed]) -> bool:
    """Whether neither a server starts with the key, nor one of these opens."""
    for attempt in (establish(db, key), *(opened(db, Envelope(key), [each]) for each in sealed)):
        with contextlib.suppress(WrongMasterKey):
            await attempt
            return False
    return True


async def current(db: Database) -> str | None:
    async with db.read() as reading:
        known = await master_keys.current(reading)
    return None if known is None else known.id
