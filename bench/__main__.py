"""Every bench, one after the other: python -m bench

Each prints a table and writes its numbers to bench/results/. What counts are ratios within one run:
a machine that does other things besides slows both sides down.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from store.embedded import Cluster

RESULTS = Path(__file__).parent / "results"


def say(line: str) -> None:
    print(f"hearth: {line}", file=sys.stderr, flush=True)


def dialect() -> int:
    """`postgresql+aiopg` beside psycopg and asyncpg, against a PostgreSQL as a house runs it."""
    say("the database dialect beside others (about two minutes)")
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        # PostgreSQL's account has to get in.
        Path(folder).chmod(0o711)
        cluster = Cluster(Path(folder) / "postgres", settings={"synchronous_commit": "off"})
        cluster.start()
        try:
            command = [sys.executable, "-m", "bench.dialect", cluster.superuser_url]
            return subprocess.run(
                [*command, "--json", str(RESULTS / "dialect.json")], check=False
            ).returncode
        finally:
            cluster.stop()


def main() -> int:
    RESULTS.mkdir(exist_ok=True)
    return max(bench() for bench in (dialect,))


sys.exit(main())
