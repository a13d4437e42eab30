"""The page for developers with the whole contract in it, as the mock serves it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from api.features import ENDPOINTS, SOCKETS
from api.mock import mock_app
from api.serve import running
from tests.support.server import unconfigured

ROUTES = [route for endpoint in ENDPOINTS for route in endpoint.routes]

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def docs(page: Page) -> AsyncIterator[Page]:
    app = mock_app(ROUTES, SOCKETS, configuration=unconfigured())
    async with running(app, host="127.0.0.1", port=0) as port:
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.goto(f"http://localhost:{port}/docs")
        await page.wait_for_selector(".route")
        yield page


async def test_every_route_and_frame_is_shown_and_can_be_opened(docs: Page) -> None:
    frames = await docs.evaluate("fetch('/asyncapi.json').then((answer) => answer.json())")
    assert await docs.locator(".route").count() == len(ROUTES) + len(frames["operations"])
    for _ in range(2):  # and then what the opened ones hold
        await docs.evaluate(
            "for (const fold of document.querySelectorAll('details:not([open])')) fold.open = true"
        )
        await docs.evaluate("new Promise(requestAnimationFrame)")
    words = await docs.locator("main").inner_text()
    assert "undefined" not in words
    assert "[object" not in words
    assert await docs.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_filter_finds_by_path_word_and_code(docs: Page) -> None:
    for wanted in ("/admin/settings", "settings that are named", "PRECONDITION_FAILED"):
        await docs.keyboard.press("/")
        await docs.locator("#filter").fill(wanted)
        await expect(docs.locator("#put_admin_settings")).to_be_visible()
        await expect(docs.locator("#get_healthz")).to_be_hidden()
        await expect(docs.locator("#found")).to_contain_text("found")
        await docs.locator("body").click(position={"x": 1, "y": 1})


async def test_a_link_to_a_route_shows_it_open(docs: Page) -> None:
    await docs.evaluate("location.hash = 'get_admin_settings'")
    await expect(docs.locator("#get_admin_settings .words")).to_be_in_viewport()


async def test_a_route_can_be_tried_with_a_token_that_no_line_shows(docs: Page) -> None:
    await docs.locator(".token summary").click()
    await docs.locator("#token").fill("a-secret-token")
    await docs.evaluate("location.hash = 'get_admin_settings'")
    route = docs.locator("#get_admin_settings")
    await route.locator(".try summary").click()
    await route.get_by_role("button", name="Send it").click()
    await expect(route.locator(".answer")).to_contain_text("rate_limit_auth")
    assert "a-secret-token" not in await docs.locator("body").inner_text()


async def test_everything_that_is_typed_into_has_a_label(docs: Page) -> None:
    await docs.evaluate("for (const fold of document.querySelectorAll('.route')) fold.open = true")
    await docs.evaluate("new Promise(requestAnimationFrame)")
    fields = "[...document.querySelectorAll('input, textarea')]"
    assert await docs.evaluate(f"{fields}.length") > 100
    assert await docs.evaluate(f"{fields}.filter((field) => !field.labels.length).length") == 0
