from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect

from tests.support.browser import browser, complaints, page, window
from tests.support.postgres import Postgres
from tests.support.server import Server, serving

# Fixtures, which pytest finds by their names here.
__all__ = ["browser", "complaints", "page", "window"]

# Playwright's five seconds are short for a busy machine that hashes a password on its way.
expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(loop_scope="session")
async def server(postgres: Postgres, database_name: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The server as a stranger meets it: only the set-up link opens anything."""
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, real_sign_in=True) as server:
        yield server
