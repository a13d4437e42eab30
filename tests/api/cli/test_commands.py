"""The command line as people use it: `hearth` in a process of its own."""

import json
import shutil
import signal
import stat
from base64 import b64encode
from pathlib import Path

import aiohttp
import pytest

from tests.support.postgres import Postgres
from tests.support.program import PROGRAM, Ended, run, started

ROOT = Path(__file__).parents[3]
ALEMBIC = PROGRAM.with_name("alembic")
AWAY = "postgres://x:secret@127.0.0.1:1/x"
COMMANDS = (
    "serve",
    "admin",
    "migrate",
    "doctor",
    "jobs",
    "keys",
    "audit",
    "openapi",
    "asyncapi",
    "mock",
)


@pytest.fixture
def variables(postgres: Postgres, database_name: str, tmp_path: Path) -> dict[str, str]:
    """The module's database, as two roles, and a data folder of the test's own."""
    return {
        "HEARTH_MASTER_KEY": b64encode(bytes(32)).decode(),
        "DATABASE_URL": str(postgres.application_url(database_name)),
        "DATABASE_OWNER_URL": str(postgres.owner_url(database_name)),
        "HEARTH_DATA_DIR": str(tmp_path / "var"),
    }


def in_one_line(ended: Ended) -> str:
    """What a command that failed said; `hearth:` and one line."""
    line, *rest = ended.errors.splitlines()
    assert rest == []
    assert line.startswith("hearth: ")
    return line


async def test_help_tells_about_each_command(tmp_path: Path) -> None:
    top = await run("--help", cwd=tmp_path)
    assert top.code == 0
    for command in COMMANDS:
        assert command in top.output
        ended = await run(command, "--help", cwd=tmp_path)
        assert ended.code == 0
        assert len(ended.output) > 100


@pytest.mark.parametrize(
    "words", ["", "nonsense", "serve --nonsense", "serve --port x", "jobs", "jobs nonsense", "keys"]
)
async def test_a_command_used_wrongly_ends_with_2(words: str, tmp_path: Path) -> None:
    ended = await run(*words.split(), cwd=tmp_path)
    assert ended.code == 2
    assert "Traceback" not in ended.errors


async def test_a_wrong_value_stops_the_start_with_one_line(tmp_path: Path) -> None:
    ended = await run("serve", cwd=tmp_path, variables={"HEARTH_PORT": "eighty"})
    assert ended.code == 2
    assert "HEARTH_PORT" in in_one_line(ended)
    (tmp_path / ".env").write_text("LOG_LEVEL=loud\n")
    ended = await run("serve", cwd=tmp_path)
    assert "LOG_LEVEL" in in_one_line(ended)


async def test_an_unknown_job_is_named_with_those_there_are(tmp_path: Path) -> None:
    ended = await run("jobs", "run", "nonsense", cwd=tmp_path)
    assert ended.code == 2
    assert "sweep" in in_one_line(ended)


async def test_a_job_runs_and_tells_its_outcome(tmp_path: Path, variables: dict[str, str]) -> None:
    ended = await run("jobs", "run", "sweep", cwd=tmp_path, variables=variables)
    assert ended.code == 0
    assert "sweep is done" in ended.errors
    assert "job_done" in ended.errors
    assert ended.output == ""


async def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    for command in (("serve",), ("migrate",), ("jobs", "run", "sweep")):
        ended = await run(*command, cwd=tmp_path, variables={"DATABASE_URL": AWAY})
        assert ended.code == 1, command
        assert "DATABASE_URL" in in_one_line(ended)
        assert "secret" not in ended.errors


async def test_the_documents_are_printed(tmp_path: Path) -> None:
    for document, version in (("openapi", "3.1.1"), ("asyncapi", "3.0.0")):
        for flags in ((), ("--contract",)):
            ended = await run(document, *flags, cwd=tmp_path)
            assert ended.code == 0
            assert json.loads(ended.output)[document] == version


async def test_the_schema_goes_back_and_forth(tmp_path: Path, variables: dict[str, str]) -> None:
    for arguments in (("--to", "-1"), (), ("--to", "base"), ()):
        ended = await run("migrate", *arguments, cwd=tmp_path, variables=variables)
        assert ended.code == 0, ended.errors


async def test_an_unknown_revision_is_a_wrong_use(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    ended = await run("migrate", "--to", "zzz", cwd=tmp_path, variables=variables)
    assert ended.code == 2
    assert "alembic history" in in_one_line(ended)


async def test_a_data_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    for command in ("serve", "doctor"):
        ended = await run(command, cwd=tmp_path, variables={"HEARTH_DATA_DIR": "/proc/x"})
        assert ended.code == 1
        assert "HEARTH_DATA_DIR" in in_one_line(ended)


async def test_output_that_nobody_reads_is_no_fault(tmp_path: Path) -> None:
    bash, hearth = Path("/bin/bash"), f"{PROGRAM} openapi --contract"
    cut_short = f"set -o pipefail; {hearth} | head -c 1 >/dev/null"
    ended = await run("-c", cut_short, program=bash, cwd=tmp_path)
    assert (ended.code, ended.errors) == (0, "")
    ended = await run("-c", f"{hearth} >/dev/full", program=bash, cwd=tmp_path)
    assert ended.code == 1
    assert "No space left" in in_one_line(ended)


async def test_alembic_s_own_commands_work_as_they_are(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    for words in ("upgrade head", "downgrade -1", "upgrade head"):
        ended = await run(*words.split(), program=ALEMBIC, cwd=ROOT, variables=variables)
        assert ended.code == 0, ended.errors
    checked = await run("check", program=ALEMBIC, cwd=ROOT, variables=variables)
    assert "No new upgrade operations detected" in checked.output


@pytest.mark.parametrize("has_ruff", [True, False])
async def test_alembic_writes_a_revision_with_or_without_a_tool_that_formats_it(
    tmp_path: Path, variables: dict[str, str], has_ruff: bool
) -> None:
    shutil.copytree(ROOT / "store", tmp_path / "store")
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    (tmp_path / "api").symlink_to(ROOT / "api")
    if not has_ruff:
        (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ruff'] = None\n")
    ended = await run(
        *("revision", "--autogenerate", "-m", "new", "--rev-id", "9999"),
        program=ALEMBIC,
        cwd=tmp_path,
        variables={**variables, "PYTHONPATH": str(tmp_path)},
    )
    assert ended.code == 0, ended.errors
    assert ("No module named ruff" in ended.errors) is not has_ruff
    assert "9999" in (tmp_path / "store/migrations/versions/9999_new.py").read_text()


async def test_doctor_looks_at_everything_and_says_what_to_do(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    fine = await run("doctor", cwd=tmp_path, variables=variables)
    assert fine.code == 0, fine.output
    for part in ("database", "schema", "roles", "clock", "redis", "media port", "turn", "address"):
        assert part in fine.output
    away = {"DATABASE_URL": AWAY, "REDIS_URL": "redis://:secret@127.0.0.1:1"}
    ended = await run("doctor", cwd=tmp_path, variables=away)
    assert ended.code == 1
    assert "ill   database" in ended.output
    assert "ill   redis" in ended.output
    assert "secret" not in ended.output + ended.errors


async def test_doctor_says_when_one_role_does_both(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    both = {"DATABASE_URL": variables["DATABASE_OWNER_URL"]}
    ended = await run("doctor", cwd=tmp_path, variables=both)
    assert "DATABASE_OWNER_URL" in ended.output


async def test_the_mock_answers_without_a_database(tmp_path: Path) -> None:
    async with (
        started(PROGRAM, "mock", "--port", "0", cwd=tmp_path) as mock,
        aiohttp.ClientSession() as session,
    ):
        line = await mock.line_with("the mock listens")
        port = line.split("port ")[1].split(";")[0]
        headers = {"Authorization": "Bearer any"}
        async with session.get(f"http://localhost:{port}/users/me", headers=headers) as answer:
            assert answer.status == 200
            assert (await answer.json())["role"]
        mock.signal(signal.SIGTERM)
        assert await mock.ended() == 0


async def test_a_first_start_needs_nothing_and_a_second_knows_the_way(tmp_path: Path) -> None:
    """With the embedded PostgreSQL, in a folder whose parents are closed to all others."""
    command = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
    links = set()
    for _ in range(2):
        async with started(*command, cwd=tmp_path) as server, aiohttp.ClientSession() as session:
            port = (await server.line_with("listening on port")).split("port ")[1].split(":")[0]
            link = (await server.line_with("/app/setup#")).split()[-1]
            links.add(link)
            url = f"http://localhost:{port}"
            async with session.get(f"{url}/readyz") as answer:
                assert (await answer.json())["status"] == "ready"
            headers = {"Authorization": f"Bearer {link.partition('#')[2]}"}
            async with session.get(f"{url}/admin/settings", headers=headers) as answer:
                assert answer.status == 200
            server.signal(signal.SIGTERM)
            assert await server.ended() == 0
    assert len(links) == 2
    key = tmp_path / "var" / "master.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


async def test_a_second_server_on_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    command = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
    async with started(*command, cwd=tmp_path) as server:
        await server.line_with("listening on port")
        ended = await run("serve", "--port", "0", cwd=tmp_path)
        assert ended.code == 1
        assert "in use by process" in in_one_line(ended)


async def test_a_taken_port_is_one_line(tmp_path: Path, variables: dict[str, str]) -> None:
    command = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
    async with started(*command, cwd=tmp_path, variables=variables) as server:
        port = (await server.line_with("listening on port")).split("port ")[1].split(":")[0]
        ended = await run(
            "serve", "--port", port, "--host", "127.0.0.1", cwd=tmp_path, variables=variables
        )
        assert ended.code == 1
        assert "HEARTH_PORT" in ended.errors.splitlines()[-1]


async def test_a_start_that_fails_leaves_the_running_server_its_set_up_link(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    command = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
    async with (
        started(*command, cwd=tmp_path, variables=variables) as server,
        aiohttp.ClientSession() as session,
    ):
        port = (await server.line_with("listening on port")).split("port ")[1].split(":")[0]
        token = (await server.line_with("/app/setup#")).split()[-1].partition("#")[2]
        taken = {**variables, "HEARTH_PORT": port}
        other_key = {**variables, "HEARTH_MASTER_KEY": b64encode(b"x" * 32).decode()}
        for wrong in (taken, other_key):
            ended = await run("serve", "--host", "127.0.0.1", cwd=tmp_path, variables=wrong)
            assert ended.code != 0
        headers = {"Authorization": f"Bearer {token}"}
        async with session.get(f"http://localhost:{port}/admin/settings", headers=headers) as is_in:
            assert is_in.status == 200


async def test_no_secret_is_in_what_the_server_says(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    command = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
    async with (
        started(*command, cwd=tmp_path, variables=variables) as server,
        aiohttp.ClientSession() as session,
    ):
        port = (await server.line_with("listening on port")).split("port ")[1].split(":")[0]
        link = (await server.line_with("/app/setup#")).split()[-1]
        said = len(server.lines)
        token = link.partition("#")[2]
        headers = {"Authorization": f"Bearer {token}"}
        for path in (f"/features?token={token}", "/admin/settings"):
            async with session.get(f"http://localhost:{port}{path}", headers=headers) as answer:
                assert answer.status == 200
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    later = "".join(server.lines[said:])
    assert "/admin/settings" in later
    assert token not in later


async def test_another_master_key_is_one_line(tmp_path: Path, variables: dict[str, str]) -> None:
    made = await run("jobs", "run", "sweep", cwd=tmp_path, variables=variables)
    assert made.code == 0
    other = {**variables, "HEARTH_MASTER_KEY": b64encode(b"x" * 32).decode()}
    ended = await run("jobs", "run", "sweep", cwd=tmp_path, variables=other)
    assert ended.code == 2
    assert "another master key" in ended.errors.splitlines()[-1]
    assert "Traceback" not in ended.errors
