"""The set-up page, in the hands of a stranger, of an admin and of two at once."""

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from api.keys import DB
from store import setup_link
from tests.support.browser import Complaints
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What the browser itself says of an answer that is no success.
REFUSED = "status of 401"
CONFLICT = "status of 412"
SIGN_INS = "Sign-ins a minute"


async def link(server: Server) -> str:
    """The link that the start prints; the one before it is old from now on."""
    async with server.app[DB].begin() as tx:
        token = await setup_link.make(tx)
    return f"{server.url}/app/setup#{token}"


async def settings_of(server: Server, link: str) -> dict[str, Any]:
    answered = await server.ask("GET", "/admin/settings", token=link.partition("#")[2])
    return {setting["name"]: setting["value"] for setting in answered.body["settings"]}


async def change(server: Server, link: str, settings: dict[str, object]) -> None:
    answered = await server.ask(
        "PUT", "/admin/settings", token=link.partition("#")[2], json={"settings": settings}
    )
    assert answered.status == 200


async def test_a_stranger_is_told_where_the_link_stands(page: Page, server: Server) -> None:
    await page.goto(server.url)
    await expect(page.get_by_role("heading", name="Your server runs and is well.")).to_be_visible()
    await expect(page.get_by_text("set up with the link that the server prints")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_a_link_that_is_pasted_over_the_page_opens_it(page: Page, server: Server) -> None:
    await page.goto(f"{server.url}/app/setup")
    await expect(page.get_by_text("set up with the link that the server prints")).to_be_visible()
    await page.goto(await link(server))
    await expect(page.get_by_label(SIGN_INS)).to_be_visible()


async def test_an_old_link_says_how_to_get_a_new_one(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    old = await link(server)
    await link(server)
    await page.goto(old)
    await expect(page.get_by_text("Start the server again")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_settings_are_changed_by_keyboard_alone(page: Page, server: Server) -> None:
    good = await link(server)
    await change(server, good, {"rate_limit_auth": 60, "feature.guests": False})
    await page.goto(good)
    await expect(page.get_by_label(SIGN_INS)).to_have_value("60")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label(SIGN_INS)).to_be_focused()
    await page.keyboard.type("75")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("switch", name="Guests")).to_be_focused()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_role("switch", name="Guests")).to_be_focused()
    saved = await settings_of(server, good)
    assert saved["rate_limit_auth"] == 75
    assert saved["feature.guests"] is True
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing has changed yet.")).to_be_visible()


async def test_where_the_focus_is_can_be_seen(page: Page, server: Server) -> None:
    await page.goto(await link(server))
    await expect(page.get_by_label(SIGN_INS)).to_be_visible()
    for _ in range(6):  # two numbers, two switches, the button, the link
        await page.keyboard.press("Tab")
        style = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        width = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert (style, width) == ("solid", "3px")


async def test_a_value_out_of_bounds_is_not_sent(page: Page, server: Server) -> None:
    good = await link(server)
    before = await settings_of(server, good)
    await page.goto(good)
    await page.get_by_label(SIGN_INS).fill("0")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("input:invalid")).to_be_focused()
    assert await settings_of(server, good) == before


async def test_who_comes_second_hears_it_and_keeps_what_they_changed(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(CONFLICT)
    good = await link(server)
    await change(server, good, {"rate_limit_auth": 60, "rate_limit_messages": 60})
    await page.goto(good)
    await page.get_by_label(SIGN_INS).fill("81")
    await change(server, good, {"rate_limit_auth": 80, "rate_limit_messages": 99})
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Somebody else changed the settings.")).to_be_visible()
    await expect(page.get_by_label(SIGN_INS)).to_have_value("81")
    await expect(page.get_by_label("Messages a minute")).to_have_value("99")
    assert (await settings_of(server, good))["rate_limit_auth"] == 80
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert (await settings_of(server, good))["rate_limit_auth"] == 81


async def test_a_link_that_ends_while_the_page_is_open_says_so(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    await page.goto(await link(server))
    await page.get_by_label(SIGN_INS).fill("82")
    await link(server)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Start the server again")).to_be_visible()


async def test_what_was_typed_outlives_a_server_that_is_away(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect("net::ERR_FAILED")
    await page.goto(await link(server))
    await page.get_by_label(SIGN_INS).fill("83")
    await page.route("**/admin/settings", lambda route: route.abort())
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("What you typed is kept")).to_be_visible()
    await expect(page.get_by_label(SIGN_INS)).to_have_value("83")


async def test_a_part_that_is_not_well_is_named(page: Page, server: Server) -> None:
    parts = {"database": {"ok": True}, "media_core": {"ok": False}}
    body = json.dumps({"status": "not ready", "parts": parts})
    await page.route("**/readyz", lambda route: route.fulfill(status=200, body=body))
    await page.goto(f"{server.url}/app/setup")
    await expect(page.get_by_text("Not well are: media core.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
async def test_nothing_runs_over_the_edge(
    page: Page, server: Server, width: int, scheme: str
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    good = await link(server)
    await page.goto(good)
    await expect(page.get_by_label(SIGN_INS)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    lightness = await page.evaluate(
        "parseFloat(getComputedStyle(document.documentElement).backgroundColor.match(/[\\d.]+/)[0])"
    )
    assert (lightness < 0.5) == (scheme == "dark")


async def test_text_of_twice_the_size_still_fits(page: Page, server: Server) -> None:
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(await link(server))
    await expect(page.get_by_label(SIGN_INS)).to_be_visible()
    await page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
