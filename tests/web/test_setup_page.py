"""The set-up page, in the hands of a stranger, of whoever holds the link, and of the admin."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.support import family
from tests.support.browser import Complaints
from tests.support.clock import VirtualClock
from tests.support.family import PASSWORD
from tests.support.postgres import Postgres
from tests.support.server import Server, serving
from tests.support.setup_page import (
    become_admin,
    change,
    expect_advice,
    expect_form,
    expect_welcome,
    fill_in,
    link,
    new_address,
    unfold,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What the browser itself says of an answer that is no success.
WRONG = "status of 400"
REFUSED = "status of 401"
TAKEN = "status of 409"


# Before there is an admin


async def test_a_stranger_is_told_where_the_link_stands(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    await link(server)
    await page.goto(server.url)
    await expect(page.get_by_text("Your server is well.")).to_be_visible()
    await expect(
        page.get_by_role("heading", name="This house waits for its admin.")
    ).to_be_focused()
    await expect(page.get_by_text("set up with the link that the server prints")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_a_link_that_is_pasted_over_the_page_opens_it(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    good = await link(server)
    await page.goto(f"{server.url}/app/setup")
    await expect(page.get_by_text("set up with the link that the server prints")).to_be_visible()
    await page.goto(good)
    await expect_form(page)


async def test_an_old_link_says_how_to_get_a_new_one(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    old = await link(server)
    await link(server)
    await page.goto(old)
    await expect(page.get_by_text("Start the server again")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_a_part_that_is_not_well_is_named(page: Page, server: Server) -> None:
    parts = {"database": {"ok": True}, "media_core": {"ok": False}}
    body = json.dumps({"status": "not ready", "parts": parts})
    await page.route("**/readyz", lambda route: route.fulfill(status=200, body=body))
    await page.goto(await link(server))
    await expect(page.get_by_text("Not well are: media core.")).to_be_visible()
    await expect_form(page)


async def test_a_server_that_is_away_is_said_to_be(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect("net::ERR_FAILED")
    await page.route("**/readyz", lambda route: route.abort())
    await page.goto(await link(server))
    await expect(page.get_by_role("heading", name="cannot be reached")).to_be_visible()


# The first admin


async def test_whoever_holds_the_link_becomes_the_admin_by_keyboard_alone(
    page: Page, server: Server
) -> None:
    email = new_address()
    await page.goto(await link(server))
    await expect(page.get_by_role("heading", name="Who runs this house?")).to_be_focused()
    for label, words in (("E-mail address", email), ("Your name", "Mara"), ("Password", PASSWORD)):
        await page.keyboard.press("Tab")
        await expect(page.get_by_label(label, exact=True)).to_be_focused()
        await page.keyboard.type(words)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("switch", name="Show the password")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Make my account")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Welcome, Mara.")).to_be_focused()
    await expect(page.get_by_text("Parents register with their e-mail address")).to_be_visible()
    await expect(page.get_by_role("heading", name="Settings of this house")).to_be_visible()
    body = {"email": email, "password": PASSWORD}
    signed_in = await server.ask("POST", "/auth/login", json=body)
    assert signed_in.body["user"]["role"] == "ADMIN"
    assert signed_in.body["user"]["display_name"] == "Mara"


async def test_no_token_is_left_where_others_could_find_it(page: Page, server: Server) -> None:
    await become_admin(page, server)
    assert page.url == f"{server.url}/app/setup"
    kept = "[document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)]"
    assert await page.evaluate(kept) == [""]


async def test_what_is_missing_is_told_beside_each_field_and_the_first_is_gone_to(
    page: Page, server: Server
) -> None:
    await page.goto(await link(server))
    email, name = page.get_by_label("E-mail address"), page.get_by_label("Your name")
    password = page.get_by_label("Password", exact=True)
    await page.get_by_role("button", name="Make my account").click()
    await expect(email).to_be_focused()
    await expect_advice(email, "Write your e-mail address.")
    await expect_advice(name, "Write your name.")
    await expect_advice(password, "Take at least 10 characters.")
    await expect(page.locator("[aria-invalid]")).to_have_count(3)

    await email.fill("mara")
    await expect(page.locator("[aria-invalid]")).to_have_count(2)
    await expect_advice(email, "You sign in with it.")
    await page.keyboard.press("Enter")
    await expect_advice(email, "An address looks like mara@example.org.")
    await fill_in(page, email="mara@example.org", name="  ", password="x" * 129)
    await page.keyboard.press("Enter")
    await expect(name).to_be_focused()
    await expect_advice(password, "Take at most 128 characters.")


@pytest.mark.parametrize(
    ("shortest", "password", "words"),
    [
        (10, "1234567890", "The password is one of the commonest there are"),
        (10, "MARA-B@example.org", "The password is what everybody knows you by"),
        (14, "oak-39-river", "The password is too short; take at least 14 characters."),
    ],
)
async def test_what_the_server_says_of_a_password_stands_beside_it(
    page: Page, server: Server, complaints: Complaints, shortest: int, password: str, words: str
) -> None:
    complaints.expect(WRONG)
    tom = await family.admin(server)
    await change(tom, password_min_length=shortest)
    await page.goto(await link(server))
    await fill_in(page, email="mara-b@example.org", password=password)
    await page.keyboard.press("Enter")
    field = page.get_by_label("Password", exact=True)
    await expect(field).to_be_focused()
    await expect_advice(field, words)
    await expect(field).to_have_value(password)
    await change(tom, password_min_length=10)
    await field.fill(PASSWORD)
    await expect(page.get_by_text(words)).to_have_count(0)


async def test_an_address_that_is_taken_is_told_beside_it(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(TAKEN)
    jonas = await family.pending(server)
    assert jonas.email is not None
    await page.goto(await link(server))
    await fill_in(page, email=jonas.email)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Somebody has registered with this address.")).to_be_visible()
    await expect(page.get_by_label("E-mail address")).to_be_focused()


async def test_the_password_is_shown_and_hidden_by_its_switch(page: Page, server: Server) -> None:
    await page.goto(await link(server))
    password = page.get_by_label("Password", exact=True)
    await expect(password).to_have_attribute("type", "password")
    await page.get_by_role("switch", name="Show the password").check()
    await expect(password).to_have_attribute("type", "text")
    await page.get_by_role("switch", name="Show the password").uncheck()
    await expect(password).to_have_attribute("type", "password")


async def test_a_browser_knows_what_each_field_is_for(page: Page, server: Server) -> None:
    await page.goto(await link(server))
    await expect_form(page)
    purposes = {"E-mail address": "username", "Your name": "name", "Password": "new-password"}
    for label, purpose in purposes.items():
        field = page.get_by_label(label, exact=True)
        await expect(field).to_have_attribute("autocomplete", purpose)


async def test_while_it_works_it_says_so_and_asks_once(page: Page, server: Server) -> None:
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/auth/setup", held.put)
    await page.goto(await link(server))
    await fill_in(page, email=new_address())
    await page.keyboard.press("Enter")
    route = await held.get()
    await expect(page.get_by_role("status").filter(has_text="Making your account")).to_be_visible()
    await page.get_by_role("button", name="Make my account").click(force=True)
    await page.keyboard.press("Enter")
    await route.continue_()
    await expect_welcome(page)
    assert held.empty()


async def test_what_was_typed_outlives_a_server_that_is_away(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect("net::ERR_FAILED")
    tries: list[Route] = []

    async def be_away_at_first(route: Route) -> None:
        tries.append(route)
        await (route.abort() if len(tries) == 1 else route.continue_())

    await page.route("**/auth/setup", be_away_at_first)
    await page.goto(await link(server))
    await fill_in(page, email=new_address())
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("What you typed is kept")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect_welcome(page)


async def test_whoever_comes_second_with_the_link_hears_that_there_is_an_admin(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    good = await link(server)
    await page.goto(good)
    await fill_in(page, email=new_address())
    body = {"email": "faster@example.org", "password": PASSWORD, "token": good.partition("#")[2]}
    assert (await server.ask("POST", "/auth/setup", json=body)).status == 201
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="This house has its admin.")).to_be_focused()


# Once there is an admin


async def test_a_house_with_an_admin_says_how_to_go_on(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    await become_admin(page, server)
    await page.context.clear_cookies()
    for address in ("", "#setup_an-old-link", "#nonsense"):
        await page.goto("about:blank")
        await page.goto(f"{server.url}/app/setup{address}")
        await expect(page.get_by_role("heading", name="This house has its admin.")).to_be_visible()
        await expect(page.get_by_text("hearth admin create")).to_be_visible()
        await expect(page.get_by_role("button")).to_have_count(0)


async def test_the_admin_who_comes_back_finds_the_settings(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    await become_admin(page, server)
    await page.reload()
    await expect_welcome(page)
    await unfold(page, "Limits")
    await expect(page.get_by_label("Sign-ins a minute")).to_be_visible()


async def test_a_parent_in_the_same_browser_is_no_admin(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    await become_admin(page, server)
    admin = await family.admin(server)
    jonas = await family.parent(server, admin)
    await page.context.clear_cookies()
    body = {"email": jonas.email, "password": PASSWORD}
    await page.request.post(f"{server.url}/auth/login", data=body)
    await page.reload()
    await expect(page.get_by_role("heading", name="This house has its admin.")).to_be_visible()


async def test_a_sign_in_whose_token_has_ended_goes_on_by_itself(
    page: Page, postgres: Postgres, database_name: str, tmp_path: Path, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    clock = VirtualClock()
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, clock=clock, real_sign_in=True) as server:
        await become_admin(page, server)
        await unfold(page, "Limits")
        await page.get_by_label("Messages a minute").fill("84")
        await clock.advance(16 * 60)
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()


async def test_a_sign_in_that_was_ended_says_so_and_keeps_what_was_typed(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    email = await become_admin(page, server)
    await unfold(page, "Limits")
    await page.get_by_label("Messages a minute").fill("85")
    body = {"email": email, "password": PASSWORD}
    access = (await server.ask("POST", "/auth/login", json=body)).body["access"]
    ended = await server.ask("POST", "/auth/logout", token=access, json={"everywhere": True})
    assert ended.status == 204
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("This session has ended.")).to_be_visible()
    await expect(page.get_by_label("Messages a minute")).to_have_value("85")


# On every screen

# What reaches beyond the edge, which a page that can't be scrolled sideways would cut off.
_OVER_THE_EDGE = """[...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 80))"""
FORTY_LETTERS = "Maximiliana-Theodora von Hohenlohe-Baden"


async def assert_nothing_runs_over(page: Page, width: int) -> None:
    assert await page.evaluate(_OVER_THE_EDGE) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 820, 1440])
async def test_nothing_runs_over_the_edge(
    page: Page, server: Server, width: int, scheme: str
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(await link(server))
    await page.get_by_role("button", name="Make my account").click()
    await assert_nothing_runs_over(page, width)
    await page.goto("about:blank")
    await become_admin(page, server, FORTY_LETTERS)
    await unfold(page, "People", "Safety", "Limits", "Sign-in")
    await assert_nothing_runs_over(page, width)
    lightness = await page.evaluate(
        "parseFloat(getComputedStyle(document.documentElement).backgroundColor.match(/[\\d.]+/)[0])"
    )
    assert (lightness < 0.5) == (scheme == "dark")


@pytest.mark.parametrize("width", [320, 390])
async def test_text_of_twice_the_size_still_fits(page: Page, server: Server, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    twice = "document.documentElement.style.setProperty('font-size', '200%')"
    await page.goto(await link(server))
    await page.get_by_role("button", name="Make my account").click()
    await page.evaluate(twice)
    await assert_nothing_runs_over(page, width)
    await page.goto("about:blank")
    await become_admin(page, server, FORTY_LETTERS)
    await page.evaluate(twice)
    await unfold(page, "People", "Safety", "Limits", "Sign-in")
    await assert_nothing_runs_over(page, width)
