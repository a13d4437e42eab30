"""`hearth audit verify` as people run it, beside a server that goes on."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.access import Role
from api.keys import CONFIGURATION
from tests.support.postgres import Postgres
from tests.support.program import Ended, run
from tests.support.server import MASTER_KEY, Server, serving


@pytest.fixture
async def server(postgres: Postgres, own_database: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(postgres.application_url(own_database), tmp_path / "var") as server:
        yield server


@pytest.fixture
def variables(postgres: Postgres, own_database: str, tmp_path: Path) -> dict[str, str]:
    return {
        "HEARTH_MASTER_KEY": MASTER_KEY,
        "DATABASE_URL": str(postgres.application_url(own_database)),
        "DATABASE_OWNER_URL": str(postgres.owner_url(own_database)),
        "HEARTH_DATA_DIR": str(tmp_path / "var"),
    }


async def act(server: Server, times: int) -> None:
    """An admin changes something, and the server has written the head down."""
    token = server.sign_in(Role.ADMIN)
    for _ in range(times):
        body: dict[str, object] = {"settings": {}}
        assert (await server.ask("PUT", "/admin/settings", token=token, json=body)).status == 200
    newest = (await server.ask("GET", "/admin/logs?limit=1", token=token)).body["items"][0]
    head = server.app[CONFIGURATION].data_dir / "audit.head"
    async with asyncio.timeout(30):
        while newest["hash"] not in await asyncio.to_thread(head.read_text):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)


async def verify(tmp_path: Path, variables: dict[str, str], *options: str) -> Ended:
    return await run("audit", "verify", *options, cwd=tmp_path, variables=variables)


def in_one_line(ended: Ended, code: int = 1) -> str:
    line, *rest = ended.errors.splitlines()
    assert (ended.code, ended.output, rest) == (code, "", [])
    return line.removeprefix("hearth: ")


async def test_a_whole_log_is_counted(
    server: Server, tmp_path: Path, variables: dict[str, str]
) -> None:
    await act(server, 3)
    ended = await verify(tmp_path, variables)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.output == "3 entries, all of them as they were written\n"


async def test_what_is_wrong_is_one_line_that_says_where(
    server: Server,
    postgres: Postgres,
    own_database: str,
    tmp_path: Path,
    variables: dict[str, str],
) -> None:
    await act(server, 5)
    steps = {
        "DELETE FROM audit_log WHERE number = 5": "the log was cut off after entry 4",
        "UPDATE audit_log SET action = 'x' WHERE number = 4": "entry 4 is not what was written",
        "DELETE FROM audit_log WHERE number = 3": "entry 3 is missing",
        "UPDATE audit_log SET number = 3 - number WHERE number < 3": "entry 1 was written as",
    }
    for statement, words in steps.items():
        await postgres.tell(
            "ALTER TABLE audit_log DROP CONSTRAINT IF EXISTS pk_audit_log",
            statement,
            database=own_database,
        )
        assert words in in_one_line(await verify(tmp_path, variables))


async def test_a_data_folder_that_is_younger_than_the_log_has_to_be_vouched_for(
    server: Server, tmp_path: Path, variables: dict[str, str]
) -> None:
    await act(server, 2)
    elsewhere = {**variables, "HEARTH_DATA_DIR": str(tmp_path / "elsewhere")}
    assert "audit.head is missing" in in_one_line(await verify(tmp_path, elsewhere))
    url = server.app[CONFIGURATION].database_url
    assert url is not None
    async with serving(url, tmp_path / "elsewhere") as other:
        await act(other, 1)
        assert "--begun-at 2" in in_one_line(await verify(tmp_path, elsewhere))
        ended = await verify(tmp_path, elsewhere, "--begun-at", "2")
    assert (ended.code, ended.output[:9]) == (0, "3 entries")


async def test_a_log_whose_key_is_gone_is_not_called_whole(
    server: Server,
    postgres: Postgres,
    own_database: str,
    tmp_path: Path,
    variables: dict[str, str],
) -> None:
    await act(server, 1)
    await postgres.tell("DELETE FROM keys WHERE kind = 'audit'", database=own_database)
    assert "has no key" in in_one_line(await verify(tmp_path, variables))


async def test_with_another_master_key_nothing_is_verified(
    server: Server, tmp_path: Path, variables: dict[str, str]
) -> None:
    other = {**variables, "HEARTH_MASTER_KEY": b64encode(b"x" * 32).decode()}
    ended = await verify(tmp_path, other)
    assert (ended.code, ended.output) == (2, "")
    assert "another master key" in ended.errors


async def test_the_log_s_key_outlives_the_master_key(
    server: Server, tmp_path: Path, variables: dict[str, str]
) -> None:
    await act(server, 2)
    new = b64encode(b"n" * 32)
    turned = await run("keys", "rotate", cwd=tmp_path, variables=variables, given=new + b"\n")
    assert turned.code == 0, turned.errors
    await act(server, 1)
    ended = await verify(tmp_path, {**variables, "HEARTH_MASTER_KEY": new.decode()})
    assert (ended.code, ended.output[:9]) == (0, "3 entries"), ended.errors


async def test_it_changes_nothing(tmp_path: Path, variables: dict[str, str]) -> None:
    ended = await verify(tmp_path, variables)
    assert ended.code == 1
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("words", ["audit", "audit nonsense", "audit verify --begun-at x"])
async def test_used_wrongly_it_ends_with_2(words: str, tmp_path: Path) -> None:
    assert (await run(*words.split(), cwd=tmp_path)).code == 2
