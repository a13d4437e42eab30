"""`postgresql+aiopg` beside psycopg and asyncpg, all three under SQLAlchemy's asyncio engine.

    python -m bench.dialect postgresql://user@/database?host=/run/postgresql [--json FILE]

The drivers take turns within each round, in another order each time, so that whatever else the
machine is doing meets all of them; what counts is the ratio within a round, of which the median is
shown. A table `bench_notes` is made in the database and dropped again.
"""

import argparse
import asyncio
import itertools
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

DRIVERS = ("aiopg", "psycopg", "asyncpg")
CONNECTIONS = (1, 10)
SECONDS_OF_A_SAMPLE = 0.2
ROWS = 1000

notes = Table(
    "bench_notes",
    MetaData(),
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("author", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("pinned", Boolean, nullable=False, server_default="false"),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

Work = Callable[[AsyncEngine, int], Awaitable[None]]


async def select_one_row(engine: AsyncEngine, number: int) -> None:
    async with engine.connect() as connection:
        result = await connection.execute(select(notes).where(notes.c.id == 1 + number % ROWS))
        result.one()


async def select_fifty_rows(engine: AsyncEngine, number: int) -> None:
    first = 1 + number % (ROWS - 50)
    async with engine.connect() as connection:
        within = notes.c.id.between(first, first + 49)
        result = await connection.execute(select(notes).where(within).order_by(notes.c.id))
        result.all()


async def insert_returning(engine: AsyncEngine, number: int) -> None:
    async with engine.begin() as connection:
        insert = notes.insert().values(author=number, body="a new one")
        await connection.execute(insert.returning(notes.c.id, notes.c.written_at))


async def transaction_of_three(engine: AsyncEngine, number: int) -> None:
    which = notes.c.id == 1 + number % ROWS
    async with engine.begin() as connection:
        author = await connection.scalar(select(notes.c.author).where(which))
        await connection.execute(notes.update().where(which).values(author=author))
        await connection.execute(notes.insert().values(author=author, body="an answer"))


async def insert_a_thousand_rows(engine: AsyncEngine, number: int) -> None:
    rows = [{"author": number, "body": f"note {index}"} for index in range(ROWS)]
    async with engine.begin() as connection:
        await connection.execute(notes.insert(), rows)
        await connection.rollback()


_UPDATE = notes.update().where(notes.c.id == bindparam("which")).values(body=bindparam("text"))


async def update_a_thousand_rows(engine: AsyncEngine, number: int) -> None:
    sets = [{"which": index + 1, "text": f"note {index}"} for index in range(ROWS)]
    async with engine.connect() as connection:
        await connection.execute(_UPDATE, sets)


WORKS: tuple[Work, ...] = (
    select_one_row,
    select_fifty_rows,
    insert_returning,
    transaction_of_three,
    insert_a_thousand_rows,
    update_a_thousand_rows,
)


@dataclass(frozen=True)
class Measured:
    """Operations a second of each driver, a list of as many samples as there were rounds."""

    work: str
    connections: int
    samples: dict[str, list[float]]

    def throughput(self, driver: str) -> float:
        return statistics.median(self.samples[driver])

    def ratio(self, other: str) -> float:
        pairs = zip(self.samples["aiopg"], self.samples[other], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)


async def run(url: URL, rounds: int) -> list[Measured]:
    results = []
    for connections in CONNECTIONS:
        async with engines(url, connections) as by_driver, table(by_driver["psycopg"]):
            for work in WORKS:
                if work is update_a_thousand_rows and connections > 1:
                    # Transactions that change the same rows wait for each other, not for a driver.
                    continue
                samples = await sample(work, by_driver, connections, rounds)
                results.append(Measured(work.__name__.replace("_", " "), connections, samples))
                sys.stderr.write(".")
                sys.stderr.flush()
    sys.stderr.write("\n")
    return results


@asynccontextmanager
async def engines(url: URL, connections: int) -> AsyncIterator[dict[str, AsyncEngine]]:
    made = {
        driver: create_async_engine(
            url.set(drivername=f"postgresql+{driver}"), pool_size=connections, max_overflow=0
        )
        for driver in DRIVERS
    }
    try:
        yield made
    finally:
        for engine in made.values():
            await engine.dispose()


@asynccontextmanager
async def table(engine: AsyncEngine) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(notes.metadata.drop_all)
        await connection.run_sync(notes.metadata.create_all)
        rows = [{"author": index, "body": f"note {index} " * 5} for index in range(ROWS)]
        await connection.execute(notes.insert(), rows)
    try:
        yield
    finally:
        async with engine.begin() as connection:
            await connection.run_sync(notes.metadata.drop_all)


async def sample(
    work: Work, by_driver: dict[str, AsyncEngine], connections: int, rounds: int
) -> dict[str, list[float]]:
    # The first call of each makes its connections and prepares its statements.
    for engine in by_driver.values():
        await throughput(work, engine, connections, 2 * connections)
    rate = await throughput(work, by_driver["psycopg"], connections, 2 * connections)
    count = max(connections, round(rate * SECONDS_OF_A_SAMPLE))
    samples: dict[str, list[float]] = {driver: [] for driver in by_driver}
    orders = itertools.cycle(itertools.permutations(by_driver))
    for order in itertools.islice(orders, rounds):
        for driver in order:
            samples[driver].append(await throughput(work, by_driver[driver], connections, count))
    return samples


async def throughput(work: Work, engine: AsyncEngine, connections: int, count: int) -> float:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(engine, number)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(worker())
    return count / (time.perf_counter() - started)


def as_table(results: list[Measured]) -> str:
    header = ["operations a second", "connections", *DRIVERS, "to psycopg", "to asyncpg"]
    lines = [header, ["---", *("---:" for _ in header[1:])]]
    for each in results:
        speeds = [f"{each.throughput(driver):,.0f}" for driver in DRIVERS]
        ratios = [f"{each.ratio(other):.2f}" for other in ("psycopg", "asyncpg")]
        lines.append([each.work, str(each.connections), *speeds, *ratios])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_json(results: list[Measured]) -> str:
    rows: list[dict[str, Any]] = [
        {
            "work": each.work,
            "connections": each.connections,
            "per_second": {driver: each.throughput(driver) for driver in DRIVERS},
            "to_psycopg": each.ratio("psycopg"),
            "to_asyncpg": each.ratio("asyncpg"),
        }
        for each in results
    ]
    return json.dumps({"python": platform.python_version(), "rows": rows}, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = os.environ.get("DATABASE_URL")
    parser.add_argument("url", nargs="?", default=default, help="else DATABASE_URL")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    arguments = parser.parse_args()
    if arguments.url is None:
        parser.error("say which database, or set DATABASE_URL")
    results = asyncio.run(run(make_url(arguments.url), arguments.rounds))
    sys.stdout.write(as_table(results) + "\n")
    if arguments.json is not None:
        arguments.json.write_text(as_json(results) + "\n")


if __name__ == "__main__":
    main()
