"""The checks that keep the house in order, each shown to catch what it is for."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from api.access import MEMBERS
from api.configuration import read_configuration
from api.failure import WrongConfiguration
from api.multipart import MULTIPART
from api.routing import OPEN, Endpoints, WrongDeclaration
from api.ws.connection import Connection
from api.ws.declare import Command, Socket
from tests.specimen.schemas import NoteOut, ScanNote, WriteNote

ROOT = Path(__file__).parents[1]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are, in a place where they may be spoiled."""
    copy = tmp_path_factory.mktemp("tree")
    for package in ("api", "loadtest", "rtc", "sfu", "store"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("native"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        (
            "api/throwaway/service.py",
            "import aiohttp",
            "Services know nothing of HTTP",
        ),
        (
            "api/throwaway/service.py",
            "from api.settings import routes",
            "A feature uses another's service, never its routes",
        ),
        (
            "store/throwaway.py",
            "import api.errors",
            "What is kept knows nothing of who calls",
        ),
        (
            "rtc/throwaway.py",
            "import sqlalchemy",
            "Signalling knows nothing of HTTP and SQL",
        ),
    ],
)
def test_an_import_that_runs_upward_is_caught(
    tree: Path, module: str, line: str, contract: str
) -> None:
    path = tree / module
    path.parent.mkdir(exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.write_text(line + "\n")
    try:
        result = lint(tree)
    finally:
        path.unlink()
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout


def test_a_route_without_a_schema_is_caught_where_it_is_declared() -> None:
    endpoint = Endpoints("Throw-away")
    with pytest.raises(WrongDeclaration, match="declares no schema"):

        @endpoint.get("/throw-away", returns=None, roles=OPEN)
        async def handler(request: web.Request) -> None:
            """A route."""


def test_a_route_whose_handler_takes_something_else_is_caught() -> None:
    endpoint = Endpoints("Throw-away")
    with pytest.raises(WrongDeclaration, match="takes other"):

        @endpoint.post("/throw-away", body=WriteNote, returns=NoteOut, roles=OPEN)
        async def handler(request: web.Request, body: NoteOut) -> NoteOut:
            """A route."""
            return body


@pytest.mark.parametrize("declared", [{}, {"largest": 7, "roles": OPEN}])
def test_an_upload_without_bounds_or_from_anybody_is_caught(declared: dict[str, Any]) -> None:
    endpoint = Endpoints("Throw-away")
    with pytest.raises(WrongDeclaration, match="takes an upload"):

        @endpoint.post(
            "/throw-away",
            **{"roles": MEMBERS, **declared},
            body=ScanNote,
            consumes=MULTIPART,
            returns=NoteOut,
        )
        async def handler(request: web.Request, body: ScanNote) -> NoteOut:
            """A route."""
            raise NotImplementedError


def test_a_key_for_a_body_that_only_the_handler_reads_is_caught() -> None:
    async def read_again(request: web.Request, note_id: str) -> NoteOut:
        raise NotImplementedError

    endpoint = Endpoints("Throw-away")
    with pytest.raises(WrongDeclaration, match="reads its body itself"):

        @endpoint.post(
            "/throw-away",
            roles=MEMBERS,
            returns=NoteOut,
            consumes="application/sdp",
            again=read_again,
        )
        async def handler(request: web.Request) -> NoteOut:
            """A route."""
            raise NotImplementedError


def test_an_upload_without_a_file_is_caught() -> None:
    endpoint = Endpoints("Throw-away")
    with pytest.raises(WrongDeclaration, match="takes an upload"):

        @endpoint.post(
            "/throw-away",
            roles=MEMBERS,
            body=WriteNote,
            consumes=MULTIPART,
            largest=7,
            returns=NoteOut,
        )
        async def handler(request: web.Request, body: WriteNote) -> NoteOut:
            """A route."""
            raise NotImplementedError


def test_a_route_without_words_is_caught() -> None:
    endpoint = Endpoints("Throw-away")
    with pytest.raises(WrongDeclaration, match="no docstring"):

        @endpoint.get("/throw-away", returns=NoteOut, roles=OPEN)
        async def handler(request: web.Request) -> None: ...


def test_a_command_whose_handler_takes_something_else_is_caught() -> None:
    socket = Socket("/ws/throw-away", "", tag="Throw-away", roles=MEMBERS)
    with pytest.raises(WrongDeclaration, match="does not take"):

        @socket.command("x", body=Command, answers=None)
        async def handler(connection: Connection) -> None:
            """A command."""


async def test_a_blocking_call_in_our_code_is_caught() -> None:
    # As if `api` had written it: the check goes by the file that the call comes from.
    source = compile("import time\ntime.sleep(0.001)", str(ROOT / "api" / "throwaway.py"), "exec")
    with pytest.raises(Exception, match=r"Blocking call to time\.sleep"):
        exec(source)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HEARTH_PORT", "eighty", "HEARTH_PORT:"),
        ("PORT", "eighty", "PORT:"),
        ("FASTROOM_SECRET", "hunter2", "FASTROOM_SECRET is shorter than 32 bytes"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL"),
        ("DEBUG", "perhaps", "DEBUG"),
        ("SECRET_KEY", "hunter2", "SECRET_KEY is shorter than 32 bytes"),
        ("HEARTH_MASTER_KEY", "c2hvcnQ=", "HEARTH_MASTER_KEY is not 32 bytes"),
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL is not PostgreSQL"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql+psycopg2://localhost/x", "DATABASE_URL names a driver"),
        ("HEARTH_DATA_DIR", "/dev/null", "HEARTH_DATA_DIR names /dev/null, which is a file"),
        ("HEARTH_DATA_DIR", "/dev/null/x", "HEARTH_DATA_DIR names /dev/null, which is a file"),
        ("HEARTH_RTC_ADDRESSES", "banana", "HEARTH_RTC_ADDRESSES holds 'banana'"),
        ("HEARTH_TURN_URLS", "banana", "HEARTH_TURN_URLS holds 'banana'"),
        ("HEARTH_ALLOWED_HOSTS", "http://x/", "HEARTH_ALLOWED_HOSTS holds 'http://x/'"),
        ("HEARTH_PUBLIC_URL", "https://a b", "HEARTH_PUBLIC_URL"),
        ("HEARTH_PUBLIC_URL", "https://a:99999", "HEARTH_PUBLIC_URL"),
        ("HEARTH_SFU_WORKERS", "64000", "HEARTH_SFU_WORKERS"),
        ("HEARTH_KEY_PROVIDER", "kms", "HEARTH_KEY_PROVIDER"),
        ("HEARTH_CORS_ORIGINS", "app.example", "HEARTH_CORS_ORIGINS"),
        ("HEARTH_TRUSTED_PROXIES", "proxy", "HEARTH_TRUSTED_PROXIES"),
        ("HEARTH_PUBLIC_URL", "hearth.example", "HEARTH_PUBLIC_URL"),
        ("HEARTH_TLS_CERT", "cert.pem", "HEARTH_TLS_KEY"),
        ("HEARTH_FEATURE", "billing", "is HEARTH_FEATURES meant?"),
        ("HEARTH_CORS_ORIGIN", "https://a.example", "is HEARTH_CORS_ORIGINS meant?"),
    ],
)
def test_a_wrong_value_stops_the_start_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongConfiguration) as wrong:
        read_configuration()
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)
    if name in {"SECRET_KEY", "HEARTH_MASTER_KEY"}:
        assert value not in str(wrong.value)


def test_a_driver_that_is_not_installed_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://localhost/x")
    with pytest.raises(WrongConfiguration, match="DATABASE_URL names a driver that is not inst"):
        read_configuration()
