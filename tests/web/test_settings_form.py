"""The settings, as the admin finds them on the set-up page."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.support import family
from tests.support.browser import Complaints
from tests.support.family import Person
from tests.support.server import Server
from tests.support.setup_page import become_admin, change, expect_advice, unfold

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What the browser itself says of an answer that is no success.
CONFLICT = "status of 412"


async def settings_seen_by(admin: Person) -> dict[str, Any]:
    answered = await admin.ask("GET", "/admin/settings")
    return {setting["name"]: setting["value"] for setting in answered.body["settings"]}


async def on_saving(page: Page, meet: Callable[[Route], Awaitable[None]]) -> None:
    """Meet what is sent to be saved. Called first: from an open page a request may slip by."""

    async def look(route: Route) -> None:
        await (meet(route) if route.request.method == "PUT" else route.continue_())

    await page.route("**/admin/settings", look)


async def test_settings_are_changed_by_keyboard_alone(page: Page, server: Server) -> None:
    tom = await family.admin(server)
    await change(tom, **{"rate_limit_auth": 60, "feature.guests": False})
    await become_admin(page, server)
    await page.keyboard.press("Tab")
    await expect(page.locator("summary").filter(has_text="People")).to_be_focused()
    await page.keyboard.press("Enter")
    for name in ("New parents", "Days before deletion", "Guests"):
        await page.keyboard.press("Tab")
        await expect(page.get_by_label(name)).to_be_focused()
    await page.keyboard.press("Space")
    for _ in range(3):  # plans and payments, then the groups of safety and of limits
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Sign-ins a minute")).to_be_focused()
    await page.keyboard.type("75")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved.")).to_be_in_viewport()
    await expect(page.get_by_label("Sign-ins a minute")).to_be_focused()
    saved = await settings_seen_by(tom)
    assert saved["rate_limit_auth"] == 75
    assert saved["feature.guests"] is True
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing has changed yet.")).to_be_visible()


async def test_where_the_focus_is_can_be_seen(page: Page, server: Server) -> None:
    await become_admin(page, server)
    await unfold(page, "People", "Safety", "Limits", "Sign-in")
    await page.get_by_role("heading", name="Welcome").focus()
    places = await page.locator("summary, input:visible, select, button:visible, a").count()
    for _ in range(places):
        await page.keyboard.press("Tab")
        style = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        width = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert (style, width) == ("solid", "3px")


async def test_every_setting_has_a_title_a_label_and_a_note_for_people(
    page: Page, server: Server
) -> None:
    await become_admin(page, server)
    names = await settings_seen_by(await family.admin(server))
    labels = await page.locator("#groups label").all_text_contents()
    assert len(labels) == len(names)
    assert [label for label in labels if not label[:1].isupper() or "_" in label] == []
    fields = "[...document.querySelectorAll('#groups input, #groups select')]"
    notes = (
        f"{fields}.map((field) => field.labels.length && field.getAttribute('aria-describedby'))"
    )
    assert sorted(await page.evaluate(notes)) == sorted(f"{name}-note" for name in names)


async def test_numbers_that_are_hard_to_read_are_said_in_words(page: Page, server: Server) -> None:
    await become_admin(page, server)
    await unfold(page, "Sign-in")
    signed_in = page.get_by_label("Staying signed in")
    await expect_advice(signed_in, "7 days")
    await signed_in.fill("3600")
    await expect_advice(signed_in, "1 hour")
    await signed_in.fill("3601")
    await expect_advice(signed_in, "How long")
    memory = page.get_by_label("Memory of a password")
    await expect_advice(memory, "19 megabytes")


async def test_a_value_out_of_bounds_is_shown_and_not_sent(page: Page, server: Server) -> None:
    tom = await family.admin(server)
    before = await settings_seen_by(tom)
    await become_admin(page, server)
    await unfold(page, "Limits")
    await page.get_by_label("Sign-ins a minute").fill("0")
    await unfold(page, "Limits")
    await expect(page.get_by_label("Sign-ins a minute")).to_be_hidden()
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("input:invalid")).to_be_focused()
    await expect(page.get_by_label("Sign-ins a minute")).to_be_in_viewport()
    assert await settings_seen_by(tom) == before


async def test_who_comes_second_hears_it_and_keeps_what_they_changed(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(CONFLICT)
    tom = await family.admin(server)
    await change(tom, rate_limit_auth=60, rate_limit_messages=60)
    await become_admin(page, server)
    await unfold(page, "Limits")
    await page.get_by_label("Sign-ins a minute").fill("81")
    await change(tom, rate_limit_auth=80, rate_limit_messages=99)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Somebody else changed the settings.")).to_be_visible()
    await expect(page.get_by_label("Sign-ins a minute")).to_have_value("81")
    await expect(page.get_by_label("Messages a minute")).to_have_value("99")
    assert (await settings_seen_by(tom))["rate_limit_auth"] == 80
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert (await settings_seen_by(tom))["rate_limit_auth"] == 81


async def test_what_was_changed_outlives_a_server_that_is_away(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect("net::ERR_FAILED")

    async def be_away(route: Route) -> None:
        await route.abort()

    await on_saving(page, be_away)
    await become_admin(page, server)
    await unfold(page, "Limits")
    await page.get_by_label("Sign-ins a minute").fill("83")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("What you typed is kept")).to_be_visible()
    await expect(page.get_by_label("Sign-ins a minute")).to_have_value("83")


async def test_a_setting_that_the_page_does_not_know_comes_last_by_its_own_name(
    page: Page, server: Server
) -> None:
    async def add_one(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        strange = {"name": "feature.photo_walks", "type": "bool", "value": False, "default": False}
        body["settings"].insert(0, {**strange, "description": "Walks with a camera."})
        await route.fulfill(response=answer, body=json.dumps(body))

    await page.route("**/admin/settings", add_one)
    await become_admin(page, server)
    await unfold(page, "More")
    await expect(page.locator("details").last.get_by_label("Photo walks")).to_be_visible()


async def test_who_presses_twice_saves_once(page: Page, server: Server) -> None:
    await change(await family.admin(server), rate_limit_messages=60)
    held: asyncio.Queue[Route] = asyncio.Queue()
    await on_saving(page, held.put)
    await become_admin(page, server)
    await unfold(page, "Limits")
    await page.get_by_label("Messages a minute").fill("61")
    save = page.get_by_role("button", name="Save")
    await save.click()
    route = await held.get()
    await save.click(force=True)
    await route.continue_()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert held.empty()
