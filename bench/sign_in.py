"""Signing in: what its time gives away, and what it leaves to everybody else.

    python -m bench.sign_in postgresql://owner@/database?host=/run/postgresql [--json FILE]

The server is a process of its own. Three things are measured: how long a wrong password takes for
names with and without an account; how long `/healthz` takes while fifty people sign in at once; and
how many sessions go on in a second when very many want to at once.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy.engine import URL, make_url

PASSWORD = "lantern-oak-39-river"
ADMIN = "admin@example.org"
NAMES = 40
# Below the lock's ten.
GUESSES_EACH = 8
AT_ONCE = 50
SESSIONS, REFRESHES = 100, 10_000
MOST_HEALTH_MS = 50.0
# Of the medians: what is smaller can't be told from a network's own wavering.
MOST_DIFFERENCE = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """Times in milliseconds."""

    what: str
    count: int
    median: float
    p95: float
    worst: float

    @classmethod
    def of(cls, what: str, seconds: Sequence[float]) -> "Spread":
        ordered = sorted(each * 1000 for each in seconds)
        p95 = ordered[int(len(ordered) * 0.95)]
        return cls(what, len(ordered), statistics.median(ordered), p95, ordered[-1])


@dataclass(frozen=True, slots=True)
class Refreshed:
    sessions: int
    refreshes: int
    seconds: float
    refused: int


class Client:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(
            method, self._url + path, headers=headers, **options
        ) as answer:
            body = await answer.json() if answer.content_length else None
            return answer.status, body

    async def timed(self, method: str, path: str, **options: Any) -> float:
        began = time.perf_counter()
        await self.ask(method, path, **options)
        return time.perf_counter() - began


@asynccontextmanager
async def server(url: URL) -> AsyncIterator[Client]:
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("hearth"),
            "serve",
            "--host=127.0.0.1",
            "--port=0",
            cwd=folder,
            env={
                **os.environ,
                "DATABASE_URL": url.render_as_string(hide_password=False),
                "HEARTH_ADMIN_EMAIL": ADMIN,
                "HEARTH_ADMIN_PASSWORD": PASSWORD,
                "LOG_LEVEL": "ERROR",
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            port = await _port(process)
            # As many connections as there are requests: a client's own queue is not our time.
            connector = aiohttp.TCPConnector(limit=0)
            jar = aiohttp.DummyCookieJar()
            async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
                yield Client(session, f"http://127.0.0.1:{port}")
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        found = re.search(rb"listening on port (\d+)", line)
        if found:
            return int(found[1])
    raise RuntimeError("the server did not start")


async def open_house(client: Client) -> list[str]:
    """People with accounts, by their names; and no limit that would stand in the way."""
    status, signed_in = await client.ask(
        "POST", "/auth/login", json={"email": ADMIN, "password": PASSWORD}
    )
    assert status == 200, signed_in
    settings = {"registration": "open", "rate_limit_auth": 100_000}
    changed = await client.ask(
        "PUT", "/admin/settings", signed_in["access"], json={"settings": settings}
    )
    assert changed[0] == 200, changed
    names = [f"somebody-{number}" for number in range(max(NAMES, AT_ONCE, SESSIONS))]
    for name in names:
        body = {"username": name, "password": PASSWORD}
        made = await client.ask("POST", "/register", json=body)
        assert made[0] == 201, made
    return names


async def measure_guesses(client: Client, known: Sequence[str]) -> list[Spread]:
    """One after the other, in turns, so that whatever else the machine does falls on both."""
    unknown = [f"nobody-{number}" for number in range(len(known))]
    times: dict[str, list[float]] = {"a known name": [], "an unknown name": []}
    for _ in range(GUESSES_EACH):
        for pair in zip(known, unknown, strict=True):
            for what, name in zip(times, pair, strict=True):
                body = {"username": name, "password": "a wrong password"}
                times[what].append(await client.timed("POST", "/auth/login", json=body))
    return [Spread.of(what, seconds) for what, seconds in times.items()]


async def measure_health(client: Client, names: Sequence[str]) -> list[Spread]:
    async def sign_in(name: str) -> None:
        body = {"username": name, "password": PASSWORD}
        status, _ = await client.ask("POST", "/auth/login", json=body)
        assert status == 200

    async def watch(until: asyncio.Event) -> list[float]:
        times: list[float] = []
        while not until.is_set():
            times.append(await client.timed("GET", "/healthz"))
            await asyncio.sleep(0.005)
        return times

    idle_over, busy_over = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_later(1, idle_over.set)
    idle = await watch(idle_over)
    watching = asyncio.create_task(watch(busy_over))
    began = time.perf_counter()
    await asyncio.gather(*(sign_in(name) for name in names))
    took = time.perf_counter() - began
    busy_over.set()
    return [
        Spread.of("/healthz, nobody else there", idle),
        Spread.of(f"/healthz, {len(names)} signing in at once", await watching),
        Spread.of(f"{len(names)} sign-ins, all together", [took]),
    ]


async def measure_refreshes(client: Client, names: Sequence[str]) -> Refreshed:
    """Many sessions, each going on again and again, all at the same time."""
    refused = 0

    async def go_on(name: str, times: int) -> None:
        nonlocal refused
        form = {"username": name, "password": PASSWORD}
        _, pair = await client.ask("POST", "/token", data=form)
        ready.append(name)
        if len(ready) == len(names):
            started.set()
        await started.wait()
        for _ in range(times):
            status, pair_or_error = await client.ask(
                "POST", "/auth/refresh", json={"refresh_token": pair["refresh_token"]}
            )
            if status != 200:
                refused += 1
                return
            pair = {"refresh_token": pair_or_error["refresh"]}

    ready: list[str] = []
    started = asyncio.Event()
    tasks = [asyncio.create_task(go_on(name, REFRESHES // len(names))) for name in names]
    await started.wait()
    began = time.perf_counter()
    await asyncio.gather(*tasks)
    return Refreshed(len(names), REFRESHES, time.perf_counter() - began, refused)


async def run(url: URL) -> tuple[list[Spread], Refreshed]:
    async with server(url) as client:
        names = await open_house(client)
        guesses = await measure_guesses(client, names[:NAMES])
        health = await measure_health(client, names[-AT_ONCE:])
        return guesses + health, await measure_refreshes(client, names[-SESSIONS:])


def as_table(spreads: Sequence[Spread], refreshed: Refreshed) -> str:
    lines = [["what", "count", "median ms", "95 % ms", "worst ms"], ["---", *["---:"] * 4]]
    for each in spreads:
        times = (f"{value:.1f}" for value in (each.median, each.p95, each.worst))
        lines.append([each.what, str(each.count), *times])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    rate = refreshed.refreshes / refreshed.seconds
    return (
        f"{table}\n\n{refreshed.refreshes:,} refreshes of {refreshed.sessions} sessions at once:"
        f" {rate:,.0f} a second, {refreshed.refused} refused"
    )


def faults(spreads: Sequence[Spread], refreshed: Refreshed) -> list[str]:
    known, unknown, _, busy, _ = spreads
    found = []
    if abs(known.median / unknown.median - 1) > MOST_DIFFERENCE:
        found.append("a wrong password's time tells whether the account exists")
    if busy.p95 > MOST_HEALTH_MS:
        found.append(f"/healthz took more than {MOST_HEALTH_MS:.0f} ms while people signed in")
    if refreshed.refused:
        found.append(f"{refreshed.refused} sessions could not go on")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    arguments = parser.parse_args()
    spreads, refreshed = asyncio.run(run(make_url(arguments.url)))
    sys.stdout.write(as_table(spreads, refreshed) + "\n")
    if arguments.json is not None:
        numbers = {"times": [*map(asdict, spreads)], "refreshes": asdict(refreshed)}
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n")
    found = faults(spreads, refreshed)
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
