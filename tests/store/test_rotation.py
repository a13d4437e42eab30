"""Another master key takes the place of the one there is, while servers go on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, func, select, update

from store.clock import SystemClock
from store.database import Database
from store.envelope import DoesNotOpen, Envelope, Sealed
from store.keys import KeyRow
from store.master_key import LocalMasterKey, WrongMasterKey
from store.master_keys import BridgeRow, MasterKeyRow, MasterKeys
from store.rotation import AnotherRotation, Rotation, StuckKey, alone
from tests.support.clock import START, VirtualClock
from tests.support.locks import wait_for_a_lock
from tests.support.postgres import Postgres
from tests.support.sealing import (
    NEW,
    OLD,
    OTHER,
    begun,
    establish,
    fresh_database,
    master_keys_of_rows,
    opened,
    rotate,
    seal,
    silently,
)


@pytest.fixture
async def db(postgres: Postgres) -> AsyncIterator[Database]:
    async with fresh_database(postgres) as (_, db):
        yield db


async def test_after_a_rotation_the_new_key_opens_all_and_the_old_one_nothing(
    db: Database,
) -> None:
    sealed = await seal(db, Envelope(OLD), 250)
    told: list[tuple[int, int]] = []
    rotation = await begun(db, OLD, NEW)
    await rotation.rewrap(lambda done, of: told.append((done, of)))
    assert await rotation.finish()
    assert told[-1] == (250, 250)
    assert len(told) > 1
    assert await opened(db, Envelope(NEW), sealed)
    assert await master_keys_of_rows(db) == {NEW.current}
    with pytest.raises(WrongMasterKey):
        await establish(db, OLD)
    with pytest.raises(WrongMasterKey):
        await opened(db, Envelope(OLD), sealed)
    async with db.read() as reading:
        assert (await reading.scalars(select(MasterKeyRow.id))).all() == [NEW.current]
        assert await reading.scalar(select(func.count()).select_from(BridgeRow)) == 0


async def test_what_was_bound_to_its_key_s_row_stays_bound(db: Database) -> None:
    one, two = await seal(db, Envelope(OLD), 2)
    await rotate(db, OLD, NEW)
    async with db.begin() as tx:
        wrapped = select(KeyRow.wrapped).where(KeyRow.id == two.key_id).scalar_subquery()
        await tx.execute(update(KeyRow).where(KeyRow.id == one.key_id).values(wrapped=wrapped))
    with pytest.raises(DoesNotOpen):
        await opened(db, Envelope(NEW), [one])


async def test_until_it_is_finished_either_key_opens_everything(db: Database) -> None:
    sealed = await seal(db, Envelope(OLD), 3)
    rotation = await begun(db, OLD, NEW)
    sealed_since = await seal(db, Envelope(OLD), 3)
    for rewrapped in (False, True):
        if rewrapped:
            await rotation.rewrap(silently)
        for key in (OLD, NEW):
            await establish(db, key)
            assert await opened(db, Envelope(key), sealed)
            assert await opened(db, Envelope(key), sealed_since)
        with pytest.raises(WrongMasterKey):
            await establish(db, OTHER)


async def test_from_its_beginning_on_nothing_is_wrapped_under_the_old_key(db: Database) -> None:
    await establish(db, OLD)
    await begun(db, OLD, NEW)
    await seal(db, Envelope(OLD))
    assert await master_keys_of_rows(db) == {NEW.current}


async def test_it_begins_when_those_have_ended_who_wrap_under_the_old_key(db: Database) -> None:
    async with db.begin() as tx:
        sealed = await Envelope(OLD).seal(tx, b"secret 0", kind="game", record="g_0", owner="u_1")
        beginning = asyncio.create_task(begun(db, OLD, NEW))
        await wait_for_a_lock(db)
        # Whoever comes now waits behind it, so those who seal can't keep it waiting for ever.
        sealing = asyncio.create_task(seal(db, Envelope(OLD)))
        await wait_for_a_lock(db, 2)
    rotation = await beginning
    sealed_since = await sealing
    assert not await rotation.finish()
    assert await master_keys_of_rows(db) == {OLD.current, NEW.current}
    await rotation.rewrap(silently)
    assert await rotation.finish()
    assert await opened(db, Envelope(NEW), [sealed])
    assert await opened(db, Envelope(NEW), sealed_since)


async def test_a_key_that_is_being_destroyed_is_waited_for(db: Database) -> None:
    one, two = await seal(db, Envelope(OLD), 2)
    rotation = await begun(db, OLD, NEW)
    async with db.begin() as tx:
        await tx.execute(delete(KeyRow).where(KeyRow.id == one.key_id))
        rewrapping = asyncio.create_task(rotation.rewrap(silently))
        await wait_for_a_lock(db)
        assert not rewrapping.done()
    await rewrapping
    assert await rotation.finish()
    async with db.read() as reading:
        assert (await reading.scalars(select(KeyRow.id))).all() == [two.key_id]


async def test_what_is_left_of_erased_people_is_passed_over(db: Database) -> None:
    async with db.begin() as tx:
        await Envelope(OLD).person_key(tx, "u_1")
        await Envelope(OLD).destroy_person_key(tx, "u_1")
    await rotate(db, OLD, NEW)
    async with db.begin() as tx:
        await Envelope(NEW).person_key(tx, "u_1")
        assert await Envelope(NEW).person_keys(tx, ["u_1"]) == {}


async def test_a_key_that_does_not_open_stops_it_and_is_named(db: Database) -> None:
    sealed = await seal(db, Envelope(OLD), 2)
    async with db.begin() as tx:
        await tx.execute(
            update(KeyRow).where(KeyRow.id == sealed[0].key_id).values(wrapped=b"nonsense")
        )
    rotation = await begun(db, OLD, NEW)
    with pytest.raises(StuckKey) as stuck:
        await rotation.rewrap(silently)
    assert stuck.value.key_id == sealed[0].key_id
    assert not await rotation.finish()
    for key in (OLD, NEW):
        async with db.read() as reading:
            await Envelope(key).open(reading, sealed[1], record="g_1", owner="u_1")


async def test_there_is_one_rotation_at_a_time(db: Database) -> None:
    async with alone(db):
        with pytest.raises(AnotherRotation):
            async with alone(db):
                raise AssertionError
    async with alone(db):
        pass


async def test_servers_get_time_to_learn_the_new_key(db: Database) -> None:
    clock = VirtualClock()
    await establish(db, OLD)
    rotation = Rotation(db, clock, MasterKeys(OLD))
    await rotation.wait_for_servers()
    await rotation.begin(NEW)
    async with db.begin() as tx:
        await tx.execute(update(MasterKeyRow).values(changed_at=START))
    waiting = asyncio.create_task(rotation.wait_for_servers())
    await clock.advance(4.9)
    assert not waiting.done()
    await clock.advance(0.2)
    await waiting
    await rotation.wait_for_servers()


@pytest.mark.parametrize("rewrapped", [False, True])
@pytest.mark.parametrize("given", [OLD, NEW])
async def test_a_rotation_that_was_killed_is_gone_on_with(
    db: Database, rewrapped: bool, given: LocalMasterKey
) -> None:
    sealed = await seal(db, Envelope(OLD), 3)
    killed = await begun(db, OLD, NEW)
    if rewrapped:
        await killed.rewrap(silently)
    again = Rotation(db, SystemClock(), MasterKeys(given))
    found = await again.under_way()
    assert found is not None
    assert found.current == NEW.current
    await rotate(db, given, found)
    assert await again.under_way() is None
    assert await opened(db, Envelope(NEW), sealed)


@pytest.mark.parametrize("given", [OLD, NEW])
async def test_a_rotation_that_was_killed_may_end_with_yet_another_key(
    db: Database, given: LocalMasterKey
) -> None:
    server = Envelope(OLD)
    sealed = await seal(db, Envelope(OLD), 3)
    await begun(db, OLD, NEW)
    sealed += await seal(db, server, first=len(sealed))
    rotation = await begun(db, given, OTHER)
    for key in (OLD, NEW, OTHER):
        assert await opened(db, Envelope(key), sealed)
    sealed += await seal(db, server, first=len(sealed))
    await rotation.rewrap(silently)
    async with db.read() as reading:
        await server.keep_up(reading)
    assert await rotation.finish()
    assert await opened(db, Envelope(OTHER), sealed)
    assert await opened(db, server, sealed)
    for key in (OLD, NEW):
        with pytest.raises(WrongMasterKey):
            await establish(db, key)


async def test_a_rotation_that_was_begun_may_go_back(db: Database) -> None:
    sealed = await seal(db, Envelope(OLD), 2)
    killed = await begun(db, OLD, NEW)
    await killed.rewrap(silently)
    await rotate(db, NEW, OLD)
    assert await opened(db, Envelope(OLD), sealed)
    with pytest.raises(WrongMasterKey):
        await establish(db, NEW)


async def test_a_server_that_was_given_the_old_key_goes_on(db: Database) -> None:
    server = Envelope(OLD)
    sealed = await seal(db, Envelope(OLD), 3)
    assert await opened(db, server, sealed)
    rotation = await begun(db, OLD, NEW)
    sealed += await seal(db, server, first=3)
    assert await opened(db, server, sealed)
    await rotation.rewrap(silently)
    assert await opened(db, server, sealed)
    assert await rotation.finish()
    sealed += await seal(db, server, first=4)
    assert await opened(db, server, sealed)
    assert await opened(db, Envelope(NEW), sealed)


async def test_a_server_that_only_looks_now_and_then_goes_on(db: Database) -> None:
    server = Envelope(OLD)
    sealed = await seal(db, Envelope(OLD))
    for following, given in ((NEW, OLD), (OTHER, NEW)):
        rotation = await begun(db, given, following)
        async with db.read() as reading:
            await server.keep_up(reading)
        await rotation.rewrap(silently)
        assert await rotation.finish()
        async with db.read() as reading:
            await server.keep_up(reading)
    assert await opened(db, server, sealed)


async def test_a_server_that_missed_a_rotation_is_told_so(db: Database) -> None:
    server = Envelope(OLD)
    await establish(db, OLD)
    await rotate(db, OLD, NEW)
    async with db.read() as reading:
        with pytest.raises(WrongMasterKey):
            await server.keep_up(reading)


async def test_a_server_lets_go_of_the_old_key(db: Database) -> None:
    """Somebody who has the old key and can write rows can't make it the current one again."""
    server = Envelope(OLD)
    await establish(db, OLD)
    rotation = await begun(db, OLD, NEW)
    async with db.read() as reading:
        await server.keep_up(reading)
    assert await rotation.finish()
    async with db.read() as reading:
        await server.keep_up(reading)
    async with db.begin() as tx:
        await tx.execute(update(MasterKeyRow).values(id=OLD.current))
    with pytest.raises(WrongMasterKey):
        await seal(db, server)


async def test_a_rotation_under_load_loses_nothing(db: Database) -> None:
    """Servers with the old key seal and open all the while, twice over."""
    servers = [Envelope(OLD) for _ in range(4)]
    sealed: list[Sealed] = []
    news = asyncio.Condition()
    ended = asyncio.Event()

    async def work(server: Envelope) -> None:
        while not ended.is_set():
            mine = await seal(db, server, 3)
            assert await opened(db, server, mine)
            async with db.read() as reading:
                await server.keep_up(reading)
            async with news:
                sealed.extend(mine)
                news.notify_all()

    async def some_more() -> None:
        goal = len(sealed) + 30
        async with news:
            await news.wait_for(lambda: len(sealed) >= goal)

    async def turn(given: LocalMasterKey, new: LocalMasterKey) -> None:
        await some_more()
        rotation = await begun(db, given, new)
        await rotation.rewrap(silently)
        await some_more()
        assert await rotation.finish()

    async with asyncio.TaskGroup() as tasks:
        for server in servers:
            tasks.create_task(work(server))
        await turn(OLD, NEW)
        await turn(NEW, OTHER)
        ended.set()
    assert await master_keys_of_rows(db) == {OTHER.current}
    for at in range(0, len(sealed), 3):
        assert await opened(db, Envelope(OTHER), sealed[at : at + 3])
