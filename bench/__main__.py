"""Every bench, one after the other: python -m bench

Each prints a table and writes its numbers to bench/results/. What counts are ratios within one run:
a machine that does other things besides slows both sides down.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from store.embedded import Cluster

RESULTS = Path(__file__).parent / "results"


def say(line: str) -> None:
    print(f"hearth: {line}", file=sys.stderr, flush=True)


def dialect() -> int:
    """`postgresql+aiopg` beside psycopg and asyncpg, against a PostgreSQL as a house runs it."""
    say("the database dialect beside others (about two minutes)")
    return in_a_house("dialect", lambda cluster: cluster.superuser_url)


def audit() -> int:
    """The audit log with a million entries, as the server reads it."""
    say("the audit log with a million entries (about four minutes)")
    return in_a_house("audit", lambda cluster: cluster.owner_url)


def sign_in() -> int:
    """What the time of signing in gives away, and what it leaves to everybody else."""
    say("signing in, alone and all at once (about two minutes)")
    return in_a_house("sign_in", lambda cluster: cluster.owner_url)


def in_a_house(bench: str, url_of: Callable[[Cluster], str]) -> int:
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        # PostgreSQL's account has to get in.
        Path(folder).chmod(0o711)
        cluster = Cluster(Path(folder) / "postgres", settings={"synchronous_commit": "off"})
        cluster.start()
        try:
            command = [sys.executable, "-m", f"bench.{bench}", url_of(cluster)]
            return subprocess.run(
                [*command, "--json", str(RESULTS / f"{bench}.json")], check=False
            ).returncode
        finally:
            cluster.stop()


def main() -> int:
    RESULTS.mkdir(exist_ok=True)
    return max(bench() for bench in (dialect, audit, sign_in))


sys.exit(main())
