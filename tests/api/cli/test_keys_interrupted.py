"""`hearth keys rotate` killed, run twice at once, and beside servers that work."""

import asyncio
import signal
from pathlib import Path

import pytest
from pydantic import SecretBytes
from sqlalchemy import func, select

from api.keys import ENVELOPE
from store import master_keys
from store.database import Database
from store.envelope import Envelope
from store.keys import KeyRow
from store.master_key import WrongMasterKey
from store.master_key_file import MasterKeyFile
from store.rotation import AnotherRotation, alone
from tests.support.locks import wait_for_a_lock
from tests.support.postgres import Postgres
from tests.support.program import PROGRAM, started
from tests.support.rotating import ROTATE, in_one_line, key_in, rotate
from tests.support.sealing import NEW, OLD, current, opened, opens_nothing, seal
from tests.support.server import serving


async def test_two_at_once_are_one_and_a_line_that_says_so(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    await seal(db, Envelope(OLD))
    async with alone(db):
        ended = await rotate(tmp_path, in_environment, NEW.written())
    assert ended.code == 1
    assert "already" in in_one_line(ended)
    assert await current(db) == OLD.current


async def until_it_is_gone(db: Database) -> None:
    """Return once PostgreSQL knows that a process was killed."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with alone(db):
                    return
            except AnotherRotation:
                await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("step", "given"),
    [("begin", "\n"), ("rewrap", "\n"), ("rewrap", NEW.written()), ("finish", "\n")],
    ids=["begin", "rewrap", "rewrap, then another key", "finish"],
)
async def test_killed_at_any_step_it_loses_nothing_and_is_run_again(
    db: Database,
    tmp_path: Path,
    in_file: dict[str, str],
    file: MasterKeyFile,
    step: str,
    given: str,
) -> None:
    old = await asyncio.to_thread(key_in, file)
    sealed = await seal(db, Envelope(old), 250)
    async with started(PROGRAM, *ROTATE, cwd=tmp_path, variables=in_file, given=b"\n") as killed:
        if step == "finish":
            await killed.line_with("250 of 250")
        async with db.begin() as tx:
            if step == "rewrap":
                held = select(KeyRow.id).where(KeyRow.id == sealed[120].key_id)
                await tx.execute(held.with_for_update())
            else:
                await master_keys.hold_current(tx)
            await wait_for_a_lock(db)
            killed.signal(signal.SIGKILL)
            await killed.ended()
    await until_it_is_gone(db)

    meanwhile = await asyncio.to_thread(key_in, file)
    assert (meanwhile.current != old.current) == (step == "finish")
    async with db.read() as reading:
        of_the_old = KeyRow.master_key_id == old.current
        left = await reading.scalar(select(func.count()).select_from(KeyRow).where(of_the_old))
    assert left == {"begin": 250, "rewrap": 1, "finish": 0}[step]
    for key in (old, meanwhile):
        assert await opened(db, Envelope(key), sealed)

    ended = await rotate(tmp_path, in_file, given)
    assert ended.code == 0, ended.errors
    new = await asyncio.to_thread(key_in, file)
    if given == NEW.written():
        assert new.current == NEW.current
    assert await opened(db, Envelope(new), sealed)
    assert await opens_nothing(db, old, sealed[:1])
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["master.key"]


async def test_a_server_goes_on_through_a_rotation_of_another_process(
    postgres: Postgres,
    name_and_database: tuple[str, Database],
    tmp_path: Path,
    in_environment: dict[str, str],
) -> None:
    """Sealing and opening all the while, with the old key that it was started with."""
    name, db = name_and_database
    url = postgres.application_url(name)
    old_key = SecretBytes(OLD.secret)
    ended = asyncio.Event()
    async with serving(url, tmp_path, master_key=old_key) as server:
        envelope = server.app[ENVELOPE]
        sealed = [await seal(db, envelope, 3)]

        async def work() -> None:
            while not ended.is_set():
                sealed.append(await seal(db, envelope, 3))
                assert await opened(db, envelope, sealed[-1])
                assert await opened(db, envelope, sealed[0])

        async with asyncio.TaskGroup() as tasks:
            for _ in range(2):
                tasks.create_task(work())
            rotated = await rotate(tmp_path, in_environment, NEW.written())
            ended.set()
        assert rotated.code == 0, rotated.errors
        sealed.append(await seal(db, envelope, 3))
        for some in (*sealed[:10], *sealed[-10:]):
            assert await opened(db, envelope, some)
    for some in sealed:
        assert await opened(db, Envelope(NEW), some)
    assert await opens_nothing(db, OLD, sealed[0])
    with pytest.raises(WrongMasterKey):
        async with serving(url, tmp_path, master_key=old_key):
            raise AssertionError
    async with serving(url, tmp_path, master_key=SecretBytes(NEW.secret)) as server:
        assert await opened(db, server.app[ENVELOPE], sealed[-1])
