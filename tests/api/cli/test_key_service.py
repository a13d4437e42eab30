"""`hearth` with its master key at a key service."""

from pathlib import Path

import pytest

from store.database import Database
from store.envelope import Envelope
from tests.support.key_service import RemoteKeys
from tests.support.program import run
from tests.support.rotating import in_one_line, rotate
from tests.support.sealing import OLD, current, opens_nothing, seal

SERVICE = "tests.support.key_service:provider"


async def test_a_key_service_takes_over_and_turns_its_own_keys(
    db: Database, tmp_path: Path, in_environment: dict[str, str], in_file: dict[str, str]
) -> None:
    sealed = await seal(db, Envelope(OLD))
    with_service = {"HEARTH_KEY_PROVIDER": SERVICE, "KEY_SERVICE_CURRENT": "service/1"}
    ended = await rotate(tmp_path, in_environment | with_service, "")
    assert ended.code == 0, ended.errors
    assert "HEARTH_MASTER_KEY" in ended.errors
    assert await opens_nothing(db, OLD, sealed)
    alone_now = in_file | with_service | {"KEY_SERVICE_CURRENT": "service/2"}
    assert (await run("jobs", "run", "sweep", cwd=tmp_path, variables=alone_now)).code == 0
    assert await current(db) == "service/1"
    ended = await rotate(tmp_path, alone_now, "")
    assert ended.code == 0, ended.errors
    assert await current(db) == "service/2"
    assert not (tmp_path / "var" / "master.key").exists()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("nonsense", 2, "write package.module:factory"),
        ("no_such_package:provider", 2, "No module named 'no_such_package'"),
        ("tests.support.key_service:no_such", 2, "no_such"),
        ("tests.support.key_service:broken", 2, "(Refused)"),
        ("tests.support.key_service:useless", 2, "no key provider"),
        (SERVICE, 1, "does not answer (Refused)"),
    ],
)
async def test_a_key_service_that_can_t_be_used_is_one_line(
    tmp_path: Path, in_file: dict[str, str], name: str, code: int, words: str
) -> None:
    service = {
        "HEARTH_KEY_PROVIDER": name,
        "KEY_SERVICE_CURRENT": "service/1",
        "KEY_SERVICE_AWAY": "yes",
    }
    ended = await run(
        *("serve", "--port", "0", "--host", "127.0.0.1"),
        cwd=tmp_path,
        variables=in_file | service,
    )
    line = ended.errors.splitlines()[-1]
    assert ended.code == code
    assert line.startswith("hearth: HEARTH_KEY_PROVIDER")
    assert words in line
    for secret in ("Traceback", "hunter2", "secret-looking"):
        assert secret not in ended.errors


async def test_a_key_service_that_is_away_stops_a_rotation_in_one_line(
    db: Database, tmp_path: Path, in_file: dict[str, str]
) -> None:
    service = {"HEARTH_KEY_PROVIDER": SERVICE, "KEY_SERVICE_CURRENT": "service/2"}
    await seal(db, Envelope(RemoteKeys("service/1")))
    away = in_file | service | {"KEY_SERVICE_AWAY": "yes"}
    ended = await rotate(tmp_path, away, "")
    assert ended.code == 1
    assert "does not answer" in in_one_line(ended)
    assert await current(db) == "service/1"
