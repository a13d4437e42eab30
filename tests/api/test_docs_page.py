"""The page at /docs in a browser, under the policy that it is served with."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright, expect

from api.configuration import Configuration
from api.features import ENDPOINTS, SOCKETS
from api.mock import mock_app

ROUTES = [route for endpoint in ENDPOINTS for route in endpoint.routes]
CHROMIUM = "/usr/bin/chromium"
ALONE = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


# One browser for all of these tests: its start takes longer than any of them.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=CHROMIUM, args=ALONE) as browser,
    ):
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """The page, open; whatever it complains of in the console fails the test."""
    complaints: list[str] = []
    app = mock_app(ROUTES, SOCKETS, configuration=Configuration(_env_file=None))
    async with (
        TestServer(app) as server,
        await browser.new_context(viewport={"width": 390, "height": 844}) as context,
    ):
        page = await context.new_page()
        page.on(
            "console", lambda told: complaints.append(told.text) if told.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(str(server.make_url("/docs")))
        await page.wait_for_selector(".route")
        yield page
    assert not complaints


async def test_every_route_and_frame_is_shown_and_can_be_opened(page: Page) -> None:
    frames = await page.evaluate("fetch('/asyncapi.json').then((answer) => answer.json())")
    assert await page.locator(".route").count() == len(ROUTES) + len(frames["operations"])
    for _ in range(2):  # and then what the opened ones hold
        await page.evaluate(
            "for (const fold of document.querySelectorAll('details:not([open])')) fold.open = true"
        )
        await page.evaluate("new Promise(requestAnimationFrame)")
    words = await page.locator("main").inner_text()
    assert "undefined" not in words
    assert "[object" not in words
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_filter_finds_by_path_word_and_code(page: Page) -> None:
    for wanted in ("/admin/settings", "settings that are named", "PRECONDITION_FAILED"):
        await page.keyboard.press("/")
        await page.locator("#filter").fill(wanted)
        await expect(page.locator("#put_admin_settings")).to_be_visible()
        await expect(page.locator("#get_healthz")).to_be_hidden()
        await expect(page.locator("#found")).to_contain_text("found")
        await page.locator("body").click(position={"x": 1, "y": 1})


async def test_a_link_to_a_route_shows_it_open(page: Page) -> None:
    await page.evaluate("location.hash = 'get_admin_settings'")
    await expect(page.locator("#get_admin_settings .words")).to_be_in_viewport()


async def test_a_route_can_be_tried_with_a_token_that_no_line_shows(page: Page) -> None:
    await page.locator(".token summary").click()
    await page.locator("#token").fill("a-secret-token")
    await page.evaluate("location.hash = 'get_admin_settings'")
    route = page.locator("#get_admin_settings")
    await route.locator(".try summary").click()
    await route.get_by_role("button", name="Send it").click()
    await expect(route.locator(".answer")).to_contain_text("rate_limit_auth")
    assert "a-secret-token" not in await page.locator("body").inner_text()


async def test_everything_that_is_typed_into_has_a_label(page: Page) -> None:
    await page.evaluate("for (const fold of document.querySelectorAll('.route')) fold.open = true")
    await page.evaluate("new Promise(requestAnimationFrame)")
    fields = "[...document.querySelectorAll('input, textarea')]"
    assert await page.evaluate(f"{fields}.length") > 100
    assert await page.evaluate(f"{fields}.filter((field) => !field.labels.length).length") == 0
