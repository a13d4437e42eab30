"""SQLAlchemy's own suite for dialects, run against ours: python -m tests.dialect [pytest's options]

It wants a database to itself, with two more schemas and a role that may do everything in it.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from store.embedded import Cluster

_HERE = Path(__file__).parent
_STATEMENTS = (
    "CREATE SCHEMA test_schema",
    "CREATE SCHEMA test_schema_2",
    "CREATE EXTENSION hstore",
    "CREATE EXTENSION citext",
)


async def prepare(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in _STATEMENTS:
            await connection.execute(text(statement))
    await engine.dispose()


def main(options: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="hearth-dialect-") as folder:
        # PostgreSQL's account has to get in.
        Path(folder).chmod(0o711)
        settings = {"fsync": "off", "max_prepared_transactions": "10"}
        cluster = Cluster(Path(folder) / "postgres", settings=settings)
        cluster.start()
        try:
            asyncio.run(prepare(cluster.superuser_url))
            command = [sys.executable, "-m", "pytest", "-c", str(_HERE / "setup.cfg"), str(_HERE)]
            return subprocess.run(
                [*command, "--dburi", cluster.superuser_url, "-q", *options], check=False
            ).returncode
        finally:
            cluster.stop()


sys.exit(main(sys.argv[1:]))
