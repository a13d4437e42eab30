"""A real Chromium, and what it has to say against our pages.

One browser serves the whole run, since its start takes longer than a test; each test gets a window
that knows nothing of the others. The browser lives on the session's event loop, so its tests say
`pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    WebError,
    async_playwright,
)

_FLAGS = (
    # Its sandbox does not run as root, and the pages here are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # It talks to the server under test and to nobody else.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium(*flags: str, home: Path | None = None) -> AsyncIterator[Browser]:
    """A browser; with a `home`, one that trusts what lies there (`tests/support/trust.py`)."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing: tests/setup.sh installs it")
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=program,
            args=[*_FLAGS, *flags],
            env=None if home is None else {"HOME": str(home)},
        ) as browser,
    ):
        yield browser


class Complaints:
    """What a browser complained of: errors and warnings, in scripts and against the policy."""

    def __init__(self, context: BrowserContext) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)

    def expect(self, words: str) -> None:
        """The test provokes a complaint with these words, and misses it if it does not come."""
        self._expected.append(words)

    def check(self) -> None:
        assert [h for h in self._heard if not any(e in h for e in self._expected)] == []
        assert [e for e in self._expected if not any(e in h for h in self._heard)] == []

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._heard.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _on_error(self, error: WebError) -> None:
        self._heard.append(f"uncaught: {error.error}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def window(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A window of the test's own."""
    async with await browser.new_context() as window:
        yield window


@pytest_asyncio.fixture(loop_scope="session")
async def complaints(window: BrowserContext) -> AsyncIterator[Complaints]:
    complaints = Complaints(window)
    yield complaints
    complaints.check()


@pytest_asyncio.fixture(loop_scope="session")
async def page(window: BrowserContext, complaints: Complaints) -> Page:
    """An empty page; what it complains of fails the test, unless the test expected it."""
    return await window.new_page()
