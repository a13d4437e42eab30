"""A master key that lies with a key service, which is elsewhere and may be slow, away or wrong."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from store.cipher import DoesNotOpen
from store.clock import SystemClock
from store.database import Database
from store.envelope import Envelope
from store.key_service import KeyService, KeyServiceAway, Succession
from store.keys import KeyRow
from store.master_key import LocalMasterKey, WrongMasterKey
from store.master_keys import MasterKeys
from store.rotation import Rotation
from tests.support.key_service import RemoteKeys
from tests.support.postgres import Postgres
from tests.support.sealing import fresh_database, silently


@pytest.fixture
async def db(postgres: Postgres) -> AsyncIterator[Database]:
    async with fresh_database(postgres) as (_, db):
        yield db


class Hanging(RemoteKeys):
    async def wrap(self, key_id: str, plain: bytes, context: bytes) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError


class Forgetful(RemoteKeys):
    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return b"something else"


async def test_a_service_s_answer_passes_and_its_errors_become_an_outage() -> None:
    service = KeyService(RemoteKeys("service/1"))
    wrapped = await service.wrap("service/1", b"secret", b"here")
    assert await service.unwrap("service/1", wrapped, b"here") == b"secret"
    with pytest.raises(KeyServiceAway) as away:
        await service.unwrap("service/1", wrapped, b"there")
    assert "secret-looking" not in str(away.value)


async def test_what_a_plug_in_knows_not_to_open_does_not_open() -> None:
    service = KeyService(LocalMasterKey.random())
    wrapped = await service.wrap(service.current, b"secret", b"here")
    with pytest.raises(DoesNotOpen):
        await service.unwrap(service.current, wrapped, b"there")
    with pytest.raises(WrongMasterKey):
        await service.unwrap("another", wrapped, b"here")


async def test_a_service_that_hangs_is_not_waited_for() -> None:
    with pytest.raises(KeyServiceAway):
        await KeyService(Hanging("service/1"), patience=0.01).wrap("service/1", b"", b"")


async def test_whoever_gives_up_waiting_is_not_told_of_an_outage() -> None:
    asking = asyncio.create_task(KeyService(Hanging("service/1")).wrap("service/1", b"", b""))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_nothing_is_sealed_while_the_service_is_away(db: Database) -> None:
    remote = RemoteKeys("service/1")
    envelope = Envelope(KeyService(remote))
    async with db.begin() as tx:
        sealed = await envelope.seal(tx, b"secret", kind="game", record="g_1", owner=None)
    remote.away = True
    with pytest.raises(KeyServiceAway):
        async with db.begin() as tx:
            await envelope.seal(tx, b"secret", kind="game", record="g_2", owner=None)
    async with db.read() as reading:
        assert (await reading.scalars(select(KeyRow.id))).all() == [sealed.key_id]
        with pytest.raises(KeyServiceAway):
            await envelope.open(reading, sealed, record="g_1", owner=None)
        remote.away = False
        assert await envelope.open(reading, sealed, record="g_1", owner=None) == b"secret"


async def test_a_service_that_does_not_give_back_what_it_took_is_never_begun_with(
    db: Database,
) -> None:
    with pytest.raises(WrongMasterKey):
        async with db.begin() as tx:
            await Envelope(KeyService(Forgetful("service/1"))).establish(tx)
    async with db.begin() as tx:
        await Envelope(KeyService(RemoteKeys("service/1"))).establish(tx)
        with pytest.raises(WrongMasterKey):
            await Envelope(KeyService(Forgetful("service/1"))).establish(tx)


async def test_a_rotation_goes_to_the_key_that_the_service_names(db: Database) -> None:
    server = Envelope(KeyService(RemoteKeys("service/1")))
    async with db.begin() as tx:
        standing = await server.standing_key(tx, "audit")
    rotation = Rotation(db, SystemClock(), MasterKeys(KeyService(RemoteKeys("service/2"))))
    assert await rotation.begin(None)
    async with db.begin() as tx:
        # A server that names the first key still follows what the database says.
        await server.make_key(tx, "signing")
    await rotation.rewrap(silently)
    assert await rotation.finish()
    assert not await rotation.begin(None)
    async with db.read() as reading:
        assert set(await reading.scalars(select(KeyRow.master_key_id))) == {"service/2"}
        for envelope in (server, Envelope(KeyService(RemoteKeys("service/2")))):
            await envelope.keep_up(reading)
            assert await envelope.keys_of_kind(reading, "audit") == [standing]


async def test_a_rotation_that_the_service_broke_off_is_run_again(db: Database) -> None:
    remote = RemoteKeys("service/1")
    async with db.begin() as tx:
        standing = await Envelope(remote).standing_key(tx, "audit")
    remote = RemoteKeys("service/2")
    rotation = Rotation(db, SystemClock(), MasterKeys(KeyService(remote)))
    await rotation.begin(None)
    remote.away = True
    with pytest.raises(KeyServiceAway):
        await rotation.rewrap(silently)
    remote.away = False
    await rotation.rewrap(silently)
    assert await rotation.finish()
    async with db.read() as reading:
        assert await Envelope(remote).keys_of_kind(reading, "audit") == [standing]


async def test_a_service_takes_over_from_a_local_key(db: Database) -> None:
    local = LocalMasterKey.random()
    async with db.begin() as tx:
        standing = await Envelope(local).standing_key(tx, "audit")
    service = KeyService(RemoteKeys("service/1"))
    with pytest.raises(KeyServiceAway):
        async with db.begin() as tx:
            await Envelope(service).establish(tx)
    both = Succession(service, local)
    server = Envelope(both)
    async with db.begin() as tx:
        await server.establish(tx)
        assert await server.keys_of_kind(tx, "audit") == [standing]
    rotation = Rotation(db, SystemClock(), MasterKeys(both))
    await rotation.begin(None)
    await rotation.rewrap(silently)
    assert await rotation.finish()
    async with db.read() as reading:
        for envelope in (server, Envelope(service)):
            await envelope.keep_up(reading)
            assert await envelope.keys_of_kind(reading, "audit") == [standing]
    with pytest.raises(WrongMasterKey):
        async with db.begin() as tx:
            await Envelope(local).establish(tx)


async def test_a_key_of_the_service_is_not_what_it_says_when_its_row_was_altered(
    db: Database,
) -> None:
    envelope = Envelope(KeyService(RemoteKeys("service/1")))
    async with db.begin() as tx:
        await envelope.standing_key(tx, "audit")
        await tx.execute(update(KeyRow).values(kind="signing"))
        with pytest.raises(KeyServiceAway):
            await envelope.keys_of_kind(tx, "signing")
