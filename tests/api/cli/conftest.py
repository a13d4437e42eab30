"""What `hearth keys` is tried on: a database, and a master key in one place or the other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.database import Database
from store.master_key_file import MasterKeyFile
from tests.support.postgres import Postgres
from tests.support.sealing import OLD, fresh_database


@pytest.fixture
async def name_and_database(postgres: Postgres) -> AsyncIterator[tuple[str, Database]]:
    async with fresh_database(postgres) as fresh:
        yield fresh


@pytest.fixture
def db(name_and_database: tuple[str, Database]) -> Database:
    """A database that nothing was ever sealed in."""
    return name_and_database[1]


@pytest.fixture
def in_file(
    postgres: Postgres, name_and_database: tuple[str, Database], tmp_path: Path
) -> dict[str, str]:
    """The variables of a server whose master key lies in its data folder."""
    name, _ = name_and_database
    return {
        "DATABASE_URL": str(postgres.application_url(name)),
        "DATABASE_OWNER_URL": str(postgres.owner_url(name)),
        "HEARTH_DATA_DIR": str(tmp_path / "var"),
    }


@pytest.fixture
def in_environment(in_file: dict[str, str]) -> dict[str, str]:
    """The variables of a server that has its master key from them."""
    return in_file | {"HEARTH_MASTER_KEY": OLD.written()}


@pytest.fixture
def file(tmp_path: Path) -> MasterKeyFile:
    """The file in the data folder, as a first start makes it."""
    file = MasterKeyFile(tmp_path / "var" / "master.key")
    file.make()
    return file
