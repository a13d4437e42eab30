"""The audit log with a million entries: pages by every filter, the table, and `verify`.

    python -m bench.audit postgresql://owner@/database?host=/run/postgresql [--json FILE]

The database is migrated if need be, and its log filled with entries that are sealed and chained as
the server does it. Pages are asked for over HTTP, from the same process: what is shown is the
server's time and the client's together, first with cold plans and then the median and the worst.
The table is read by a program of its own, so that the memory that is measured is the server's.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import psutil
import psycopg
from sqlalchemy.engine import URL, make_url

from api.app import build_app
from api.configuration import Configuration
from api.keys import DB, ENVELOPE
from api.logs import configure_logs
from api.mock import AnyToken
from api.serve import running
from store.audit import KEY_KIND, AuditRow
from store.audit_chain import NOTHING, Chain, Head, Link
from store.audit_entry import sealed
from store.audit_verify import verify
from store.database import Database
from store.deeds import SERVER, Actor, Deed
from store.ids import new_id, parse_id
from store.migrate import migrate

ENTRIES = 1_000_000
PEOPLE = 200
REPEATS = 25
AUDITED_TRANSACTIONS = 2000
MOST_MS = 100.0
SINCE = datetime(2021, 1, 1, tzinfo=UTC)
# What happens in a house, and how often of a thousand times.
ACTIONS = {
    ("request", "route"): 400,
    ("policy.change", "policy"): 250,
    ("contact.approve", "contact"): 150,
    ("watch_room.make", "watch_room"): 80,
    ("room.ban", "room_member"): 40,
    ("report.resolve", "report"): 30,
    ("account.approve", "user"): 20,
    ("game.reveal", "game_credential"): 20,
    ("settings.change", "settings"): 7,
    ("account.suspend", "user"): 2,
    ("account.export", "user"): 1,
}
COLUMNS = [column.name for column in AuditRow.__table__.columns]
READER = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer any"})
with urllib.request.urlopen(request) as answer:
    print(sum(len(piece) for piece in iter(lambda: answer.read(1 << 16), b"")))
"""


@dataclass(frozen=True)
class Page:
    """How long a page takes, in milliseconds."""

    wanted: str
    entries: int
    first: float
    median: float
    worst: float


@dataclass(frozen=True)
class Whole:
    """Something that goes through the log, or through a part of it, from end to end."""

    work: str
    entries: int
    seconds: float
    more_mib: float

    @property
    def per_second(self) -> float:
        return self.entries / self.seconds


class House:
    """Who acts here, on what, and when: one admin does most, and most have done little."""

    def __init__(self, entries: int) -> None:
        self._random = random.Random(entries)
        self.people = [new_id("u", SINCE) for _ in range(PEOPLE)]
        self._things = [new_id("u", SINCE) for _ in range(max(1, entries // 20))]
        self._step = timedelta(days=5 * 365) / entries

    def deeds(self, entries: int) -> Iterator[tuple[Actor, Deed, datetime]]:
        kinds = self._random.choices([*ACTIONS], [*ACTIONS.values()], k=entries)
        for number, (action, entity_type) in enumerate(kinds):
            concerns = self._one_of(self.people)
            facts = None if entity_type == "route" else {"state": "open", "reason": "It was asked."}
            thing = None if entity_type in {"route", "settings"} else self._one_of(self._things)
            deed = Deed.of(action, entity_type, thing, facts, {"state": "done"}, concerns)
            at = SINCE + number * self._step
            yield self._actor(), deed, at.replace(microsecond=0)

    def _actor(self) -> Actor:
        chance = self._random.random()
        if chance < 0.05:
            return SERVER
        who = self.people[0] if chance < 0.6 else self._one_of(self.people)
        return Actor(who, "192.0.2.17")

    def _one_of(self, among: list[str]) -> str:
        return among[int(self._random.random() ** 3 * len(among))]


async def fill(db: Database, url: URL, house: House, envelope: Any, entries: int) -> Head:
    async with db.begin() as tx:
        keys = await envelope.make_person_keys(tx, house.people)
        chain = Chain((await envelope.standing_key(tx, KEY_KIND)).secret)
    return await asyncio.to_thread(copy, url, rows(house, keys, chain, entries))


def rows(house: House, keys: Any, chain: Chain, entries: int) -> Iterator[dict[str, Any]]:
    head = NOTHING
    for actor, deed, at in house.deeds(entries):
        columns: dict[str, Any] = {**sealed(actor, deed, at, keys), "created_at": at}
        for name, prefix in (("id", "a"), ("actor_id", "u"), ("concerns", "u")):
            columns[name] = columns[name] and parse_id(prefix, columns[name])
        link = Link(number=head.number + 1, **columns)
        head = chain.head(head.hash, link)
        yield {**columns, "number": head.number, "hash": head.hash}


def copy(url: URL, entries: Iterator[dict[str, Any]]) -> Head:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    last = NOTHING
    with psycopg.connect(plain, autocommit=True) as connection:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY audit_log ({', '.join(COLUMNS)}) FROM STDIN") as into,
        ):
            for entry in entries:
                into.write_row([entry[name] for name in COLUMNS])
                last = Head(entry["number"], entry["hash"])
        connection.execute("VACUUM ANALYZE audit_log")
    return last


def pages(house: House, entries: int) -> dict[str, dict[str, Any]]:
    """Every filter, those that go together, and those that leave nothing."""
    busy, other, rare = house.people[0], house.people[1], house.people[-1]

    def at(share: float) -> str:
        return (SINCE + share * timedelta(days=5 * 365)).isoformat().replace("+00:00", "Z")

    return {
        "everything": {},
        "somebody busy": {"actor_id": busy},
        "somebody rare": {"actor_id": rare},
        "a frequent action": {"action": "request"},
        "a rare action": {"action": "account.export"},
        "no such action": {"action": "none"},
        "a type": {"entity_type": "policy"},
        "a thing": {"entity_type": "user", "entity_id": house._things[0]},
        "busy, rare action": {"actor_id": busy, "action": "account.export"},
        "rare, frequent action": {"actor_id": rare, "action": "request"},
        "other, type": {"actor_id": other, "entity_type": "policy"},
        "action of another type": {"action": "request", "entity_type": "policy"},
        "all three, none": {"actor_id": busy, "action": "request", "entity_type": "policy"},
        "thing, other action": {"entity_id": house._things[0], "action": "request"},
        "until, long ago": {"to": at(0.01)},
        "a wide span": {"from": at(0.1), "to": at(0.5)},
        "a narrow span": {"from": at(0.4), "to": at(0.4001)},
        "an empty span": {"from": at(2), "to": at(3)},
        "span, busy": {"from": at(0.1), "to": at(0.5), "actor_id": busy},
        "span, rare action": {"from": at(0.1), "to": at(0.11), "action": "account.export"},
        "span, no match": {
            "from": at(0.1),
            "to": at(0.9),
            "action": "request",
            "entity_type": "user",
        },
    }


async def measure_pages(ask: Callable[[str], Any], wanted: dict[str, dict[str, Any]]) -> list[Page]:
    measured = []
    for name, query in wanted.items():
        times = []
        answer: dict[str, Any] = {}
        for _ in range(REPEATS):
            began = time.perf_counter()
            answer = await ask(urlencode(query))
            times.append((time.perf_counter() - began) * 1000)
        measured.append(_page(name, len(answer["items"]), times))
    measured.append(await _deep(ask))
    return measured


async def _deep(ask: Callable[[str], Any]) -> Page:
    """Pages one behind the other, a long way down."""
    times = []
    answer = await ask("limit=200")
    for _ in range(4 * REPEATS):
        began = time.perf_counter()
        answer = await ask(urlencode({"limit": 200, "cursor": answer["next"]}))
        times.append((time.perf_counter() - began) * 1000)
    return _page("200 entries, page 2 to 101", len(answer["items"]), times)


def _page(name: str, entries: int, times: list[float]) -> Page:
    return Page(name, entries, times[0], statistics.median(times[1:]), max(times[1:]))


async def measure_table(url: str, entries: int) -> Whole:
    async def read() -> float:
        reader = await asyncio.create_subprocess_exec(
            sys.executable, "-c", READER, url, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await reader.communicate()
        return int(output) / entries

    return await _measured("table by HTTP", entries, read)


async def measure_verify(db: Database, head: Head, envelope: Any) -> Whole:
    async def whole() -> None:
        async with db.scan() as reading:
            (key,) = await envelope.keys_of_kind(reading, KEY_KIND)
            chain = Chain(key.secret)
            await verify(reading, chain, [NOTHING, head], begun_at=0, tell=lambda *_: None)

    return await _measured("verify", head.number, whole)


async def measure_writing(db: Database, house: House) -> list[Whole]:
    async def alone() -> None:
        for _ in range(AUDITED_TRANSACTIONS):
            await _audited(db, house)

    async def together() -> None:
        left = iter(range(AUDITED_TRANSACTIONS))

        async def writer() -> None:
            for _ in left:
                await _audited(db, house)

        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(writer())

    return [
        await _measured("audited transactions, 1 writer", AUDITED_TRANSACTIONS, alone),
        await _measured("audited transactions, 10 writers", AUDITED_TRANSACTIONS, together),
    ]


async def _audited(db: Database, house: House) -> None:
    async with db.begin(Actor(house.people[0], "192.0.2.17")) as tx:
        tx.audit("account.suspend", "user", house.people[1], after={"status": "SUSPENDED"})


async def _measured(work: str, entries: int, run: Callable[[], Any]) -> Whole:
    """The most memory that the process took on the way, beyond what it had before."""
    process = psutil.Process()
    before = most = process.memory_info().rss

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    await run()
    seconds = time.perf_counter() - began
    watching.cancel()
    return Whole(work, entries, seconds, (most - before) / 1024**2)


@asynccontextmanager
async def server(url: URL, folder: Path) -> AsyncIterator[tuple[Any, str]]:
    configuration = Configuration(_env_file=None, database_url=url, HEARTH_DATA_DIR=folder)
    app = build_app(configuration, authenticator=lambda _: AnyToken(), works=False)
    async with running(app, host="127.0.0.1", port=0) as port:
        yield app, f"http://127.0.0.1:{port}/admin/logs"


async def run(url: URL, entries: int) -> tuple[list[Page], list[Whole]]:
    await migrate(url)
    house = House(entries)
    with tempfile.TemporaryDirectory() as folder:
        async with server(url, Path(folder)) as (app, address):
            head = await fill(app[DB], url, house, app[ENVELOPE], entries)
            headers = {"Authorization": "Bearer any"}
            async with aiohttp.ClientSession(headers=headers) as session:

                async def ask(query: str) -> Any:
                    async with session.get(f"{address}?{query}") as answer:
                        answer.raise_for_status()
                        return await answer.json()

                measured = await measure_pages(ask, pages(house, entries))
            wholes = [
                await measure_table(f"{address}?format=csv", entries),
                await measure_verify(app[DB], head, app[ENVELOPE]),
                *await measure_writing(app[DB], house),
            ]
    return measured, wholes


def as_tables(measured: list[Page], wholes: list[Whole]) -> str:
    header = ["page", "entries", "first ms", "median ms", "worst ms"]
    lines = [header, ["---", *("---:" for _ in header[1:])]]
    for page in measured:
        times = (f"{value:.1f}" for value in (page.first, page.median, page.worst))
        lines.append([page.wanted, str(page.entries), *times])
    header = ["work", "entries", "seconds", "a second", "more MiB"]
    lines += [[], header, ["---", *("---:" for _ in header[1:])]]
    for each in wholes:
        numbers = (f"{each.seconds:.1f}", f"{each.per_second:,.0f}", f"{each.more_mib:.0f}")
        lines.append([each.work, f"{each.entries:,}", *numbers])
    return "\n".join(f"| {' | '.join(line)} |" if line else "" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = os.environ.get("DATABASE_URL")
    parser.add_argument("url", nargs="?", default=default, help="else DATABASE_URL")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    arguments = parser.parse_args()
    if arguments.url is None:
        parser.error("say which database, or set DATABASE_URL")
    configure_logs("ERROR")
    measured, wholes = asyncio.run(run(make_url(arguments.url), arguments.entries))
    sys.stdout.write(as_tables(measured, wholes) + "\n")
    if arguments.json is not None:
        numbers = {"pages": [*map(asdict, measured)], "wholes": [*map(asdict, wholes)]}
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n")
    slow = [each.wanted for each in measured if each.median > MOST_MS]
    if slow:
        sys.stderr.write(f"slower than {MOST_MS:.0f} ms: {', '.join(slow)}\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
