"""`hearth admin create`, from a pipe and at a terminal, alone and beside a running server."""

import signal
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from argon2 import PasswordHasher

from api.access import Role
from store import users
from store.database import Database
from tests.support.family import PASSWORD
from tests.support.postgres import Postgres
from tests.support.program import PROGRAM, Ended, run, started
from tests.support.terminal import END_OF_INPUT, at_a_terminal

EMAIL = "mara@example.org"
CREATE = ("admin", "create", "--email", EMAIL)
SERVE = (PROGRAM, "serve", "--port", "0", "--host", "127.0.0.1")
TYPED = f"{PASSWORD}\n".encode()


@pytest.fixture
def database_name(postgres: Postgres) -> Iterator[str]:
    """A database of the test's own, without anybody in it."""
    name = postgres.make_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture
def variables(postgres: Postgres, database_name: str, tmp_path: Path) -> dict[str, str]:
    return {
        "HEARTH_MASTER_KEY": b64encode(bytes(32)).decode(),
        "DATABASE_URL": str(postgres.application_url(database_name)),
        "DATABASE_OWNER_URL": str(postgres.owner_url(database_name)),
        "HEARTH_DATA_DIR": str(tmp_path / "var"),
    }


async def has_admin(database: Database) -> bool:
    async with database.read() as reading:
        return await users.exists(reading, role=Role.ADMIN)


def last_line(ended: Ended) -> str:
    """What a command says in the end; whatever that is, the password is nowhere in it."""
    assert PASSWORD not in ended.output + ended.errors
    assert "Traceback" not in ended.errors
    line = ended.errors.splitlines()[-1]
    assert line.startswith("hearth: ")
    return line


async def test_the_password_is_the_first_line_of_a_pipe_and_an_address_serves_once(
    tmp_path: Path, variables: dict[str, str], database: Database
) -> None:
    ended = await run(*CREATE, cwd=tmp_path, variables=variables, given=TYPED + b"another line\n")
    assert ended.code == 0
    assert f"{EMAIL} may sign in as an admin now" in last_line(ended)
    assert "by the username mara" in last_line(ended)
    async with database.read() as reading:
        mara = await users.by_email(reading, EMAIL)
        assert mara is not None
        kept = await users.password_hash(reading, mara.id)
    assert kept is not None
    assert PasswordHasher().verify(kept, PASSWORD)

    again = ("admin", "create", "--email", EMAIL.upper())
    ended = await run(*again, cwd=tmp_path, variables=variables, given=TYPED)
    assert ended.code == 1
    assert "an account with this address already" in last_line(ended)


@pytest.mark.parametrize(
    ("email", "given", "words"),
    [
        (EMAIL, b"", "too short"),
        (EMAIL, b"1234567890", "commonest"),
        (EMAIL, b"lantern-\xe4-39-river\n", "UTF-8"),
        ("mara", TYPED, "no e-mail address"),
    ],
)
async def test_what_cannot_be_ends_with_1_and_makes_nobody(
    tmp_path: Path,
    variables: dict[str, str],
    database: Database,
    email: str,
    given: bytes,
    words: str,
) -> None:
    ended = await run(*CREATE[:-1], email, cwd=tmp_path, variables=variables, given=given)
    assert ended.code == 1
    assert words in last_line(ended)
    assert not await has_admin(database)


@pytest.mark.parametrize(
    "words", ["admin", "admin nonsense", "admin create", f"admin create --password {PASSWORD}"]
)
async def test_the_command_used_wrongly_ends_with_2(words: str, tmp_path: Path) -> None:
    ended = await run(*words.split(), cwd=tmp_path)
    assert ended.code == 2
    assert "Traceback" not in ended.errors


async def test_a_wrong_configuration_ends_with_2_before_anything_is_asked(tmp_path: Path) -> None:
    ended = await run(*CREATE, cwd=tmp_path, variables={"HEARTH_ADMIN_EMAIL": EMAIL})
    assert ended.code == 2
    assert "HEARTH_ADMIN_PASSWORD" in last_line(ended)


async def test_at_a_terminal_the_password_is_asked_for_twice_and_never_shown(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    async with at_a_terminal(*CREATE, cwd=tmp_path, variables=variables) as terminal:
        await terminal.answer("Password: ", f"{PASSWORD}\n")
        await terminal.answer("The same again: ", f"{PASSWORD}\n")
        assert await terminal.ended() == 0
    assert "may sign in as an admin now" in terminal.shown
    assert PASSWORD not in terminal.shown


@pytest.mark.parametrize(
    ("again", "words"),
    [("lantern-oak-39-rivre\n", "not the same"), (END_OF_INPUT, "no password was given")],
)
async def test_at_a_terminal_a_second_thought_makes_nobody(
    tmp_path: Path, variables: dict[str, str], database: Database, again: str, words: str
) -> None:
    async with at_a_terminal(*CREATE, cwd=tmp_path, variables=variables) as terminal:
        await terminal.answer("Password: ", f"{PASSWORD}\n")
        await terminal.answer("The same again: ", again)
        assert await terminal.ended() == 1
    line = terminal.shown.splitlines()[-1]
    assert words in line
    assert "nothing was made" in line
    assert "Traceback" not in terminal.shown
    assert PASSWORD not in terminal.shown
    assert not await has_admin(database)


async def test_beside_a_running_server_it_makes_an_admin_and_ends_the_link(tmp_path: Path) -> None:
    """With the embedded PostgreSQL, which the command shares with the server."""
    async with started(*SERVE, cwd=tmp_path) as server, aiohttp.ClientSession() as session:
        port = (await server.line_with("listening on port")).split("port ")[1].split(":")[0]
        link = (await server.line_with("/app/setup#")).split()[-1]
        url = f"http://localhost:{port}"
        by_link = {"Authorization": f"Bearer {link.partition('#')[2]}"}
        async with session.get(f"{url}/admin/settings", headers=by_link) as answer:
            assert answer.status == 200

        ended = await run(*CREATE, cwd=tmp_path, given=TYPED)
        assert ended.code == 0
        assert "may sign in as an admin now" in last_line(ended)

        async with session.get(f"{url}/admin/settings", headers=by_link) as answer:
            assert answer.status == 401
        credentials = {"email": EMAIL, "password": PASSWORD}
        async with session.post(f"{url}/auth/login", json=credentials) as answer:
            assert (await answer.json())["user"]["role"] == "ADMIN"
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert PASSWORD not in "".join(server.lines)

    async with started(*SERVE, cwd=tmp_path) as server:
        await server.line_with("listening on port")
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert "/app/setup#" not in "".join(server.lines)
