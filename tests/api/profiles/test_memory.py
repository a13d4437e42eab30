"""A password that was given to be kept is in nobody's memory on the way to an answer."""

import os
from contextlib import suppress
from pathlib import Path

import aiohttp

from tests.support import family
from tests.support.postgres import Postgres
from tests.support.program import PROGRAM, Program, started
from tests.support.server import MASTER_KEY, Server

WORDS = "plum-velvet-lighthouse-8812"


async def test_no_answer_opens_what_was_sealed(
    house: Server, postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    """Kept by one server, and asked for at another, all of whose memory is then looked through."""
    admin = await family.admin(house)
    mara = await family.parent(house, admin)
    game = {"game_name": "Chess", "username": "Mara", "password_plain": WORDS}
    kept = await mara.ask("POST", "/profiles/me/games", json=game)
    variables = {
        "DATABASE_URL": postgres.application_url(database_name).render_as_string(
            hide_password=False
        ),
        "DATABASE_OWNER_URL": postgres.owner_url(database_name).render_as_string(
            hide_password=False
        ),
        "HEARTH_MASTER_KEY": MASTER_KEY,
        "HEARTH_DATA_DIR": str(tmp_path / "var"),
    }
    command = (PROGRAM, "serve", "--host", "127.0.0.1", "--port", "0")
    async with started(*command, cwd=tmp_path, variables=variables) as program:
        line = await program.line_with("listening on port")
        url = f"http://127.0.0.1:{line.partition('port ')[2].partition(':')[0]}"
        async with aiohttp.ClientSession(url) as client:
            for token, path in (
                (mara.access, "/profiles/me"),
                (mara.access, "/profiles/me/games"),
                (mara.access, f"/profiles/me/games/{kept.body['id']}/blob"),
                (mara.access, "/account/export"),
                (admin.access, "/admin/logs"),
                (admin.access, f"/admin/accounts?q={mara.username}"),
            ):
                headers = {"Authorization": f"Bearer {token}"}
                async with client.get(path, headers=headers) as answer:
                    assert WORDS.encode() not in await answer.read()
                    assert answer.status == (404 if path.endswith("blob") else 200), path
        assert mara.username.encode() in memory_of(program), "this is its memory"
        assert WORDS.encode() not in memory_of(program)


def memory_of(program: Program) -> bytes:
    """Everything that the process could write to by now."""
    memory = bytearray()
    folder = Path("/proc") / str(program.pid)
    with (folder / "mem").open("rb", buffering=0) as file:
        for line in (folder / "maps").read_text().splitlines():
            place, rights, *_ = line.split()
            start, end = (int(edge, 16) for edge in place.split("-"))
            if rights.startswith("rw"):
                with suppress(OSError):  # mapped, and not there: a guard behind a stack
                    memory += os.pread(file.fileno(), end - start, start)
    return bytes(memory)
