"""The audit log over HTTP: pages, filters, and the table."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text

from api import streaming
from api.access import Role
from api.admin.log_csv import csv_lines
from api.failure import Failed
from api.keys import DB, PULSE
from store.database import Database
from store.deeds import Actor
from store.ids import new_id
from tests.support.clock import START
from tests.support.postgres import Postgres
from tests.support.server import Answered, Server, serving

MARA, JONAS, LIA = (new_id("u", START) for _ in range(3))
HEADS = "id,actor_id,action,entity_type,entity_id,before_json,after_json,ip,created_at,number,hash"


@pytest.fixture
async def server(postgres: Postgres, own_database: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(postgres.application_url(own_database), tmp_path) as server:
        yield server


@pytest.fixture
async def db(server: Server) -> Database:
    return server.app[DB]


async def audit(db: Database, count: int, action: str = "account.suspend") -> None:
    for number in range(count):
        async with db.begin(Actor(MARA, "192.0.2.17")) as tx:
            tx.audit(action, "user", LIA, before={"n": number}, after=None, concerns=LIA)


async def look(server: Server, query: str = "", **headers: str) -> Answered:
    return await server.ask(
        "GET", f"/admin/logs{query}", token=server.sign_in(Role.ADMIN), headers=headers
    )


async def numbers(server: Server, query: str) -> list[int]:
    answered = await look(server, query)
    assert answered.status == 200, answered.body
    return [entry["number"] for entry in answered.body["items"]]


def rows_of(answered: Answered) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answered.raw.decode(), newline="")))


@pytest.mark.parametrize("role", [Role.PARENT, Role.CHILD, Role.GUEST, None])
async def test_the_log_is_for_admins(server: Server, role: Role | None) -> None:
    token = None if role is None else server.sign_in(role)
    for query in ("", "?format=csv"):
        answered = await server.ask("GET", f"/admin/logs{query}", token=token)
        assert answered.code == ("UNAUTHENTICATED" if role is None else "FORBIDDEN")


async def test_an_entry_says_all_of_it(server: Server, db: Database) -> None:
    await audit(db, 1)
    (entry,) = (await look(server)).body["items"]
    assert entry.pop("id").startswith("a_")
    assert len(entry.pop("hash")) == 64
    assert entry.pop("created_at").endswith("Z")
    assert entry == {
        "actor_id": MARA,
        "action": "account.suspend",
        "entity_type": "user",
        "entity_id": LIA,
        "before": {"n": 0},
        "after": None,
        "ip": "192.0.2.17",
        "number": 1,
    }


async def test_pages_hold_every_entry_once_newest_first(server: Server, db: Database) -> None:
    await audit(db, 7)
    for limit in (1, 2, 3, 7):
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await look(server, f"?limit={limit}{cursor}")).body
            seen += [entry["number"] for entry in page["items"]]
            cursor = None if page["next"] is None else f"&cursor={page['next']}"
            if len(seen) == limit:
                await audit(db, 1)  # on top, where it shifts no page
        assert seen[:7] == list(range(max(seen), max(seen) - 7, -1))
        assert len(seen) == len(set(seen))


async def test_filters_narrow_together(server: Server, db: Database) -> None:
    await audit(db, 2)
    async with db.begin(Actor(JONAS, None)) as tx:
        tx.audit("account.suspend", "user", MARA)
        tx.audit("settings.change", "settings", None)
    assert await numbers(server, f"?actor_id={JONAS}") == [4, 3]
    assert await numbers(server, "?action=account.suspend") == [3, 2, 1]
    assert await numbers(server, f"?action=account.suspend&actor_id={JONAS}") == [3]
    assert await numbers(server, f"?entity_type=user&entity_id={MARA}") == [3]
    assert await numbers(server, f"?actor_id={MARA}&action=settings.change") == []
    moment = (await look(server)).body["items"][2]["created_at"]
    assert await numbers(server, f"?to={quote(moment)}&actor_id={MARA}&limit=1") == [2]
    assert 2 in await numbers(server, f"?from={quote(moment)}")
    assert await numbers(server, "?from=2100-01-01T00:00:00Z") == []
    assert await numbers(server, "?to=2000-01-01T00:00:00%2B02:00") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?actor_id=nobody", "NOT_FOUND"),
        ("?actor_id=c_01jn8xv3k0e5qr7s9tbcdfghj2", "NOT_FOUND"),
        ("?from=yesterday", "VALIDATION_FAILED"),
        ("?to=2026-01-01T00:00:00", "VALIDATION_FAILED"),
        ("?format=xml", "VALIDATION_FAILED"),
        ("?cursor=made-up&format=json", "VALIDATION_FAILED"),
        ("?action=" + "x" * 65, "VALIDATION_FAILED"),
        ("?actor_id=nobody&format=csv", "NOT_FOUND"),
        ("?from=yesterday&format=csv", "VALIDATION_FAILED"),
    ],
)
async def test_a_wrong_question_is_refused_in_the_usual_shape(
    server: Server, query: str, code: str
) -> None:
    answered = await look(server, query, Accept="text/csv")
    assert answered.code == code
    assert answered.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("query", "accept", "is_table"),
    [
        ("", "text/csv", True),
        ("", "text/csv, */*;q=0.1", True),
        ("", "text/csv;q=0.9, application/json;q=0.5", True),
        ("?format=csv", "application/json", True),
        ("", "application/json, text/csv;q=0.5", False),
        ("", "text/csv;q=0", False),
        ("", "*/*", False),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("?format=json", "text/csv", False),
    ],
)
async def test_a_table_is_for_whoever_asks_for_one(
    server: Server, query: str, accept: str, is_table: bool
) -> None:
    answered = await look(server, query, Accept=accept)
    assert answered.status == 200
    assert answered.headers["Content-Type"].startswith("text/csv" if is_table else "application/")


async def test_the_table_has_every_entry_and_a_name(server: Server, db: Database) -> None:
    await audit(db, 3)
    async with db.begin() as tx:
        tx.audit('=HYPERLINK("x")', "settings", "@home", after={"words": 'Lia, "Ben"\nÖ'})
    answered = await look(server, "?limit=1&format=csv")
    assert answered.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answered.headers["Content-Disposition"].startswith('attachment; filename="audit-log-20')
    assert answered.raw.startswith(HEADS.encode() + b"\r\n")
    rows = rows_of(answered)
    assert [row["number"] for row in rows] == ["4", "3", "2", "1"]
    first, *others = rows
    assert first["action"] == '\'=HYPERLINK("x")'
    assert first["entity_id"] == "'@home"
    assert first["after_json"] == '{"words":"Lia, \\"Ben\\"\\nÖ"}'
    assert (first["actor_id"], first["ip"]) == ("", "")
    listed = (await look(server)).body["items"][1]
    assert others[0]["created_at"] == listed["created_at"]
    assert others[0]["hash"] == listed["hash"]
    assert (others[0]["before_json"], others[0]["ip"]) == ('{"n":2}', "192.0.2.17")


async def test_the_table_obeys_the_filters(server: Server, db: Database) -> None:
    await audit(db, 2)
    await audit(db, 2, "account.restore")
    answered = await look(server, "?format=csv&action=account.restore")
    assert [row["number"] for row in rows_of(answered)] == ["4", "3"]
    empty = await look(server, "?format=csv&action=none")
    assert (empty.status, empty.raw.decode()) == (200, HEADS + "\r\n")


async def test_the_head_of_a_table_comes_without_it(server: Server, db: Database) -> None:
    await audit(db, 1)
    answered = await server.ask("HEAD", "/admin/logs?format=csv", token=server.sign_in(Role.ADMIN))
    assert (answered.status, answered.raw) == (200, b"")
    assert answered.headers["Content-Type"].startswith("text/csv")


@given(some.lists(some.none() | some.text(alphabet="=+-@\t\r\n\",'ab ö"), min_size=2, max_size=4))
def test_what_is_read_from_a_line_is_what_was_written_and_no_formula(cells: list[Any]) -> None:
    (read,) = csv.reader(io.StringIO(csv_lines([cells]).decode(), newline=""))
    for cell, was in zip(read, cells, strict=True):
        assert cell in (was or "", f"'{was}")
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.fixture
async def long(server: Server, postgres: Postgres, own_database: str) -> Server:
    """A log of more than all the buffers on the way to a client hold."""
    await postgres.tell(
        "INSERT INTO audit_log (number, id, action, entity_type, after_json, created_at, hash)"
        " SELECT n, gen_random_uuid(), 'long', 'user', repeat('x', 1000), now(), sha256('')"
        " FROM generate_series(1, 40000) n",
        "ANALYZE audit_log",
        database=own_database,
    )
    return server


async def begun(server: Server) -> aiohttp.ClientResponse:
    """A table of which the first bytes have been read."""
    response = await server.session.get(
        f"{server.url}/admin/logs?format=csv",
        headers={"Authorization": f"Bearer {server.sign_in(Role.ADMIN)}"},
    )
    assert response.status == 200
    assert await response.content.readexactly(20)
    return response


async def readers(server: Server) -> list[int]:
    """Who is in the middle of reading a table."""
    async with server.app[DB].read() as reading:
        found = await reading.scalars(
            text(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE 'FETCH%' AND state <> 'idle'"
            )
        )
        return list(found)


async def nobody_reads(server: Server) -> None:
    async with asyncio.timeout(30):
        while await readers(server):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


async def test_a_client_that_goes_away_ends_the_query(long: Server) -> None:
    response = await begun(long)
    assert await readers(long)
    response.close()
    await nobody_reads(long)


async def test_a_client_that_stands_still_is_cut_off(
    long: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PIECE_SECONDS", 0.05)
    response = await begun(long)
    await nobody_reads(long)
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()


async def test_a_table_that_breaks_off_does_not_look_whole(
    long: Server, postgres: Postgres
) -> None:
    response = await begun(long)
    (pid,) = await readers(long)
    await postgres.tell(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()
    assert (await look(long, "?limit=1")).status == 200


async def test_an_entry_that_was_altered_keeps_nobody_from_reading_the_others(
    server: Server, db: Database, postgres: Postgres, own_database: str
) -> None:
    await audit(db, 3)
    await postgres.tell(
        "UPDATE audit_log SET before_json = 'no base64' WHERE number = 1",
        "UPDATE audit_log SET after_json = '[', concerns = NULL WHERE number = 2",
        database=own_database,
    )
    entries = (await look(server)).body["items"]
    assert [entry["number"] for entry in entries] == [3, 2, 1]
    assert (entries[2]["before"], entries[1]["after"]) == (None, None)


async def test_what_breaks_before_the_first_byte_has_the_usual_shape(
    server: Server, postgres: Postgres, own_database: str
) -> None:
    await postgres.tell("ALTER TABLE audit_log RENAME TO gone", database=own_database)
    answered = await look(server, "?format=csv")
    await postgres.tell("ALTER TABLE gone RENAME TO audit_log", database=own_database)
    assert (answered.status, answered.code) == (500, "INTERNAL")
    assert answered.headers["Content-Type"].startswith("application/json")


async def holds(path: Path, words: str) -> None:
    async with asyncio.timeout(30):
        while words not in await asyncio.to_thread(path.read_text):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)


async def test_every_server_writes_the_heads_down(
    server: Server, db: Database, postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    """The one that committed and, within a few seconds, the one that heard nothing of it."""
    async with serving(postgres.application_url(own_database), tmp_path / "other"):
        await audit(db, 3)
        last = (await look(server)).body["items"][0]["hash"]
        for folder in (tmp_path, tmp_path / "other"):
            await holds(folder / "audit.head", last)


async def test_a_server_that_stops_has_written_the_last_head(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    async with serving(postgres.application_url(own_database), tmp_path) as server:
        server.app[PULSE].wake = lambda name: None  # type: ignore[method-assign]  # it hears nothing
        await audit(server.app[DB], 1)
        last = (await look(server)).body["items"][0]["hash"]
    assert last in await asyncio.to_thread((tmp_path / "audit.head").read_text)


async def test_a_data_folder_that_cannot_be_written_stops_the_start_in_one_line(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    (tmp_path / "audit.head").mkdir()
    with pytest.raises(Failed, match=r"audit\.head can't be written"):
        async with serving(postgres.application_url(own_database), tmp_path):
            pass
