import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from tests.specimen.notes import SpecimenBase
from tests.support.postgres import Postgres
from tests.support.server import Server, serving


@pytest.fixture(scope="module")
def database_with_notes(postgres: Postgres, database_name: str) -> str:
    """The module's database, with the specimen's table in it."""

    async def make() -> None:
        engine = create_async_engine(postgres.owner_url(database_name))
        async with engine.begin() as connection:
            await connection.run_sync(SpecimenBase.metadata.create_all)
        await engine.dispose()

    asyncio.run(make())
    return database_name


@pytest.fixture
async def server(
    postgres: Postgres, database_with_notes: str, tmp_path: Path
) -> AsyncIterator[Server]:
    async with serving(postgres.application_url(database_with_notes), tmp_path) as server:
        yield server
