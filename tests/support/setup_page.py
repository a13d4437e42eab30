"""The set-up page, as the tests use it: the way in, and the hand at the keyboard."""

import itertools
import re

from playwright.async_api import Locator, Page, expect

from api.keys import DB
from store import setup_link
from tests.support.family import PASSWORD, Person
from tests.support.server import Server

_numbers = itertools.count(1)


def new_address() -> str:
    return f"setup{next(_numbers)}@example.org"


async def link(server: Server) -> str:
    """The link that the start prints; the one before it is old from now on."""
    async with server.app[DB].begin() as tx:
        token = await setup_link.make(tx)
    return f"{server.url}/app/setup#{token}"


async def fill_in(page: Page, *, email: str, name: str = "Mara", password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)


async def become_admin(page: Page, server: Server, name: str = "Mara") -> str:
    """Be the admin in this page, with the settings in front of you; gives the address."""
    email = new_address()
    await page.goto(await link(server))
    await fill_in(page, email=email, name=name)
    await page.keyboard.press("Enter")
    await expect_welcome(page, name)
    return email


async def expect_form(page: Page) -> None:
    """The link was good, and nothing is under way any more."""
    await expect(page.get_by_role("heading", name="Who runs this house?")).to_be_visible()


async def expect_welcome(page: Page, name: str = "Mara") -> None:
    """The admin is in, and nothing is under way any more."""
    await expect(page.get_by_role("heading", name=f"Welcome, {name}.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Settings of this house")).to_be_visible()


async def expect_advice(field: Locator, words: str) -> None:
    """What is read aloud behind the field's name begins so."""
    await expect(field).to_have_accessible_description(re.compile(f"^{re.escape(words)}"))


async def unfold(page: Page, *groups: str) -> None:
    for group in groups:
        await page.get_by_role("heading", name=group, exact=True).click()


async def change(admin: Person, **settings: object) -> None:
    """Have somebody else change settings."""
    answered = await admin.ask("PUT", "/admin/settings", json={"settings": settings})
    assert answered.status == 200
