from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import family
from tests.support.family import Person
from tests.support.postgres import Postgres
from tests.support.server import Server, serving


@pytest.fixture
async def house(postgres: Postgres, database_name: str, tmp_path: Path) -> AsyncIterator[Server]:
    """A server that knows nobody but who is in its database."""
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, real_sign_in=True) as server:
        yield server


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


@pytest.fixture
async def mara(house: Server, admin: Person) -> Person:
    """A parent."""
    return await family.parent(house, admin)
