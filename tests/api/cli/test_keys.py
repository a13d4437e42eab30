"""`hearth keys rotate` as people use it."""

import asyncio
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from store.database import Database
from store.envelope import Envelope
from store.master_key import LocalMasterKey
from store.master_key_file import MasterKeyFile
from tests.support.program import PROGRAM, environment, run
from tests.support.rotating import ROTATE, in_one_line, key_in, rotate
from tests.support.sealing import NEW, OLD, current, opened, opens_nothing, seal


async def test_a_key_in_the_environment_is_turned_into_the_one_that_is_given(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    sealed = await seal(db, Envelope(OLD), 250)
    ended = await rotate(tmp_path, in_environment, f"{NEW.written()}\n")
    assert ended.code == 0, ended.errors
    assert ended.output == ""
    assert "250 of 250 keys wrapped anew" in ended.errors
    assert "HEARTH_MASTER_KEY" in ended.errors
    assert "\r" not in ended.errors
    for key in (OLD, NEW):
        assert key.written() not in ended.errors
    assert await opened(db, Envelope(NEW), sealed)
    assert await opens_nothing(db, OLD, sealed)

    # Whoever could not see that it was over, and runs it again, is told so.
    again = await rotate(tmp_path, in_environment, f"{NEW.written()}\n")
    assert again.code == 0, again.errors
    assert "already" in again.errors
    refused = await run("jobs", "run", "sweep", cwd=tmp_path, variables=in_environment)
    assert refused.code == 2
    assert "another master key" in in_one_line(refused)
    renewed = in_environment | {"HEARTH_MASTER_KEY": NEW.written()}
    assert (await run("jobs", "run", "sweep", cwd=tmp_path, variables=renewed)).code == 0


async def test_a_key_that_is_made_for_the_environment_is_the_only_line_of_the_output(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    sealed = await seal(db, Envelope(OLD))
    ended = await rotate(tmp_path, in_environment, "\n")
    assert ended.code == 0, ended.errors
    (line,) = ended.output.splitlines()
    assert line not in ended.errors
    assert await opened(db, Envelope(LocalMasterKey.read(line)), sealed)
    assert await opens_nothing(db, OLD, sealed)


async def test_a_key_that_nobody_would_see_is_not_begun_with(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    await seal(db, Envelope(OLD))
    closed = f"'{PROGRAM}' keys rotate >&-"
    ended = await run(
        "-c", closed, program=Path("/bin/sh"), cwd=tmp_path, variables=in_environment, given=b"\n"
    )
    assert ended.code == 1
    assert "nothing was changed" in in_one_line(ended)
    assert await current(db) == OLD.current


async def test_a_key_in_a_file_is_replaced_by_one_that_is_made(
    db: Database, tmp_path: Path, in_file: dict[str, str], file: MasterKeyFile
) -> None:
    old = await asyncio.to_thread(key_in, file)
    sealed = await seal(db, Envelope(old))
    ended = await rotate(tmp_path, in_file, "\n")
    assert ended.code == 0, ended.errors
    assert ended.output == ""
    new = await asyncio.to_thread(key_in, file)
    assert new.written() not in ended.errors
    assert await opened(db, Envelope(new), sealed)
    assert await opens_nothing(db, old, sealed)
    path = tmp_path / "var" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


async def test_a_file_that_missed_a_rotation_is_given_its_key(
    db: Database, tmp_path: Path, in_file: dict[str, str], file: MasterKeyFile
) -> None:
    """As on another machine, whose server ran meanwhile."""
    sealed = await seal(db, Envelope(NEW))
    ended = await rotate(tmp_path, in_file, NEW.written())
    assert ended.code == 0, ended.errors
    assert "already" in ended.errors
    assert (await asyncio.to_thread(key_in, file)).current == NEW.current
    assert await opened(db, Envelope(NEW), sealed)


async def test_a_file_that_can_t_be_replaced_is_found_before_anything_is_changed(
    db: Database, tmp_path: Path, in_file: dict[str, str], file: MasterKeyFile
) -> None:
    old = await asyncio.to_thread(key_in, file)
    sealed = await seal(db, Envelope(old))
    (tmp_path / "var" / "master.key.new").mkdir()
    ended = await rotate(tmp_path, in_file, "\n")
    assert ended.code == 2
    assert "master.key" in in_one_line(ended)
    assert await current(db) == old.current
    assert await opened(db, Envelope(old), sealed)


async def test_a_file_that_is_missing_is_not_made_anew(
    db: Database, tmp_path: Path, in_file: dict[str, str], file: MasterKeyFile
) -> None:
    await seal(db, Envelope(await asyncio.to_thread(key_in, file)))
    path = tmp_path / "var" / "master.key"
    path.unlink()
    for command in (ROTATE, ("jobs", "run", "sweep")):
        ended = await run(*command, cwd=tmp_path, variables=in_file, given=b"\n")
        assert ended.code == 2
        assert "missing" in in_one_line(ended)
        assert not path.exists()


@pytest.mark.parametrize("given", ["", "nonsense\n", "c2hvcnQ=\n", "ä" * 44])
async def test_what_is_no_key_changes_nothing(
    db: Database, tmp_path: Path, in_environment: dict[str, str], given: str
) -> None:
    await seal(db, Envelope(OLD))
    ended = await rotate(tmp_path, in_environment, given)
    assert ended.code == 2
    assert "32 bytes in base64" in in_one_line(ended)
    assert await current(db) == OLD.current


async def test_the_same_key_again_is_no_rotation(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    sealed = await seal(db, Envelope(OLD))
    ended = await rotate(tmp_path, in_environment, OLD.written())
    assert ended.code == 0
    assert "already" in ended.errors
    assert "opens nothing" not in ended.errors
    assert await opened(db, Envelope(OLD), sealed)


async def test_neither_the_old_nor_the_new_key_helps_with_another_database(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    await seal(db, Envelope(LocalMasterKey.random()))
    before = await current(db)
    ended = await rotate(tmp_path, in_environment, NEW.written())
    assert ended.code == 2
    assert "another master key" in in_one_line(ended)
    assert await current(db) == before


async def type_in(
    tmp_path: Path, variables: Mapping[str, str], *lines: str
) -> tuple[int | None, str]:
    """Run it on a terminal; gives its exit code and all that the terminal shows."""
    master, slave = os.openpty()
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *ROTATE,
        cwd=tmp_path,
        env=environment(variables),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        # Without a terminal of its own the program asks the one that it is given.
        start_new_session=True,
    )
    os.close(slave)
    shown = ""
    answers = iter(lines)
    while part := await asyncio.to_thread(_read, master):
        shown += part
        if part.endswith(": "):
            os.write(master, f"{next(answers)}\n".encode())
    os.close(master)
    return await process.wait(), shown


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode()
    except OSError:
        return ""  # nobody has the other end any more


async def test_on_a_terminal_the_key_is_asked_for_twice_and_not_shown(
    db: Database, tmp_path: Path, in_environment: dict[str, str]
) -> None:
    sealed = await seal(db, Envelope(OLD))
    typed = NEW.written()
    code, shown = await type_in(tmp_path, in_environment, typed, f"{typed[:-3]}AA=")
    assert code == 1
    assert "nothing was changed" in shown
    assert typed[:8] not in shown
    assert await current(db) == OLD.current
    code, shown = await type_in(tmp_path, in_environment, typed, typed)
    assert code == 0, shown
    assert typed[:8] not in shown
    assert "\rhearth: 1 of 1 keys wrapped anew" in shown
    assert await opened(db, Envelope(NEW), sealed)


async def test_on_a_terminal_an_empty_line_has_a_key_made(
    db: Database, tmp_path: Path, in_file: dict[str, str], file: MasterKeyFile
) -> None:
    old = await asyncio.to_thread(key_in, file)
    sealed = await seal(db, Envelope(old))
    code, shown = await type_in(tmp_path, in_file, "")
    assert code == 0, shown
    new = await asyncio.to_thread(key_in, file)
    assert new.written() not in shown
    assert await opened(db, Envelope(new), sealed)
    assert await opens_nothing(db, old, sealed)
