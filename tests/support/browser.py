"""A real Chromium, and what it has to say against our pages.

One browser serves the whole run; each test gets a window of its own, with nothing left of the
one before. What the browser complains of (a script's error or warning, a request that failed, a
policy that was broken) fails the test, unless the test said that it would come.
"""

import shutil
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, WebError
from playwright.async_api import async_playwright

_FLAGS = (
    "--no-sandbox",  # its sandbox refuses to run as root, which is who runs tests in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_COMPLAINTS = {"error", "warning"}


class Complaints:
    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)

    def expect(self, words: str) -> None:
        """The test provokes this one; it is missed if it does not come."""
        self._expected.append(words)

    def check(self) -> None:
        unexpected = [
            heard for heard in self._heard if not any(words in heard for words in self._expected)
        ]
        missed = [
            words for words in self._expected if not any(words in heard for heard in self._heard)
        ]
        assert unexpected == []
        assert missed == []

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in _COMPLAINTS:
            self._heard.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _on_error(self, error: WebError) -> None:
        self._heard.append(f"uncaught: {error.error}")


def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("chromium is missing: tests/setup.sh installs it")
    return found


async def launched(
    *flags: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=[*_FLAGS, *flags], env=dict(environment or {}) or None
        )
        yield browser
        await browser.close()
