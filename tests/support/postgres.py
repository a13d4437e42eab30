"""One PostgreSQL for the whole run, and a database of its own for each module that asks.

The schema is migrated once, into a template; a module's database is a copy of it, made in the time
that copying a few empty files takes.
"""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from store.embedded import Cluster
from store.migrate import migrate

_TEMPLATE = "hearth"
_numbers = itertools.count(1)


class Postgres:
    """The cluster of this run."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def application_url(self, name: str) -> URL:
        return make_url(self._cluster.application_url).set(database=name)

    def owner_url(self, name: str) -> URL:
        return make_url(self._cluster.owner_url).set(database=name)

    def make_database(self, template: str = _TEMPLATE) -> str:
        name = f"test_{next(_numbers)}"
        asyncio.run(self.tell(f"CREATE DATABASE {name} TEMPLATE {template} OWNER hearth_owner"))
        return name

    def drop_database(self, name: str) -> None:
        asyncio.run(self.tell(f"DROP DATABASE {name} WITH (FORCE)"))

    async def tell(self, *statements: str, database: str | None = None) -> None:
        """Have the superuser run statements, each for itself."""
        url = make_url(self._cluster.superuser_url)
        engine = create_async_engine(
            url if database is None else url.set(database=database),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not pytest's own folder: its path is long, and its parents are closed to PostgreSQL's account.
    folder = Path(tempfile.mkdtemp(prefix="hearth-tests-"))
    folder.chmod(0o711)
    # Nothing here has to survive a power cut.
    settings = {"fsync": "off", "full_page_writes": "off", "max_prepared_transactions": "10"}
    cluster = Cluster(folder / "postgres", settings=settings)
    cluster.start()
    try:
        application = make_url(cluster.application_url).username
        asyncio.run(migrate(make_url(cluster.owner_url), rows_only=application))
        yield Postgres(cluster)
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def database_name(postgres: Postgres) -> Iterator[str]:
    """A migrated database, private to the module."""
    name = postgres.make_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture
def own_database(postgres: Postgres) -> Iterator[str]:
    """A migrated database, private to the test."""
    name = postgres.make_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    """An empty database, private to the module, for its owner."""
    name = postgres.make_database(template="template0")
    yield postgres.owner_url(name).render_as_string(hide_password=False)
    postgres.drop_database(name)
