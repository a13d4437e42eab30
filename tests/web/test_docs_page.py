"""The page for developers as this server serves it: what is built, under its own policy."""

import pytest
from playwright.async_api import Page, expect

from api.keys import DB
from store import setup_link
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_shows_what_this_server_answers_and_no_plans(page: Page, server: Server) -> None:
    document = (await server.ask("GET", "/openapi.json")).body
    await page.goto(f"{server.url}/docs")
    await expect(page.locator("#get_admin_settings")).to_be_attached()
    served = sum(len(item) for item in document["paths"].values())
    frames = (await server.ask("GET", "/asyncapi.json")).body["operations"]
    await expect(page.locator(".route")).to_have_count(served + len(frames))


async def test_the_filter_leaves_what_was_asked_for(page: Page, server: Server) -> None:
    await page.goto(f"{server.url}/docs")
    await page.get_by_label("Find a route or an event").fill("/admin/settings")
    await expect(page.locator("#put_admin_settings")).to_be_visible()
    await expect(page.locator("#get_healthz")).to_be_hidden()


async def test_a_route_answers_to_the_token_of_who_tries_it(page: Page, server: Server) -> None:
    async with server.app[DB].begin() as tx:
        token = await setup_link.make(tx)
    await page.goto(f"{server.url}/docs")
    await page.locator(".token summary").click()
    await page.locator("#token").fill(token)
    await page.goto(f"{server.url}/docs#get_admin_settings")
    route = page.locator("#get_admin_settings")
    await route.locator(".try summary").click()
    await route.get_by_role("button", name="Send it").click()
    await expect(route.locator(".answer")).to_contain_text("rate_limit_auth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
async def test_nothing_runs_over_the_edge(
    page: Page, server: Server, width: int, scheme: str
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(f"{server.url}/docs#get_admin_settings")
    await expect(page.locator("#get_admin_settings .words")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
