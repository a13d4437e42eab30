from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.clock import Clock
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.server import Server, serving


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def house(
    postgres: Postgres, database_name: str, tmp_path: Path, clock: Clock
) -> AsyncIterator[Server]:
    """A server that knows nobody but who is in its database, at a time that the test moves."""
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, clock=clock, real_sign_in=True) as server:
        yield server
