"""A browser is sent to the provider, comes back once, and goes on to a page that is ours."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import aiohttp
import pytest

from api.keys import DB
from store import users
from tests.support import family
from tests.support.clock import VirtualClock
from tests.support.oidc import (
    DISCOVERY,
    TOKEN,
    OidcProvider,
    Person,
    fails,
    known_as_google,
)
from tests.support.postgres import Postgres
from tests.support.second_factor import SecondFactor
from tests.support.server import Server, serving


class Browser:
    """Keeps cookies, and goes where it is told one step at a time."""

    def __init__(self, house: Server, session: aiohttp.ClientSession) -> None:
        self.house = house
        self.session = session

    async def start(self, name: str = "google") -> str:
        """Begin, and be at the provider; gives where it would be sent back to."""
        url = f"{self.house.url}/auth/oauth/{name}/start"
        async with self.session.get(url, allow_redirects=False) as sent:
            assert sent.status == 302, await sent.text()
            where = sent.headers["Location"]
        async with self.session.get(where, allow_redirects=False) as answered:
            if answered.status == 302:
                return answered.headers["Location"]
            form = _Form(await answered.text())
            return f"{form.action}?{form.query}"

    async def come_back(self, where: str) -> str:
        """Be sent back by a redirect; gives where the page is that follows."""
        return await self._go("GET", self._here(where))

    async def come_back_by_form(self, where: str, **more: str) -> str:
        fields = {**dict(parse_qsl(urlsplit(where).query)), **more}
        return await self._go("POST", self._here(where.partition("?")[0]), data=fields)

    async def bring_code(self, ticket: str, totp: str | None, name: str = "google") -> Any:
        body = {"ticket": ticket, **({} if totp is None else {"totp": totp})}
        url = f"{self.house.url}/auth/oauth/{name}"
        async with self.session.post(url, json=body) as answered:
            return answered.status, await answered.json()

    def cookies(self) -> Mapping[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}

    def _here(self, where: str) -> str:
        """The same place at the port that the test's server got."""
        parts = urlsplit(where)
        return f"{self.house.url}{parts.path}?{parts.query}"

    async def _go(self, method: str, url: str, **options: Any) -> str:
        async with self.session.request(method, url, allow_redirects=False, **options) as answered:
            assert answered.status == 303, await answered.text()
            return answered.headers["Location"]


class _Form(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self._fields: list[str] = []
        self.feed(page)
        self.query = "&".join(self._fields)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given["action"] or ""
        else:
            self._fields.append(f"{given['name']}={given['value']}")


@pytest.fixture
async def browser(house: Server) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(house, session)


@pytest.fixture
async def another(house: Server) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(house, session)


def changed(where: str, **query: str | None) -> str:
    parts = urlsplit(where)
    fields = {**dict(parse_qsl(parts.query)), **query}
    kept = "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return f"{parts._replace(query=kept).geturl()}"


async def test_the_whole_way_through_google(browser: Browser, jo: family.Person) -> None:
    assert await browser.come_back(await browser.start()) == "/app/"
    assert browser.cookies().keys() == {"hearth_refresh", "hearth_media"}
    async with browser.session.post(f"{browser.house.url}/auth/refresh", json={}) as answered:
        assert (await answered.json())["user"]["id"] == jo.id


async def test_the_whole_way_through_apple(browser: Browser, jo: family.Person) -> None:
    assert await browser.come_back_by_form(await browser.start("apple")) == "/app/"
    assert browser.cookies().keys() == {"hearth_refresh", "hearth_media"}


async def test_apple_tells_what_a_newcomer_wants_to_be_called(
    browser: Browser, house: Server, provider: OidcProvider
) -> None:
    provider.person = Person("newcomer", "relay-x7@example.org", "true")
    where = await browser.start("apple")
    told = '{"name": {"firstName": "Nora", "lastName": "New"}, "email": "admin@example.org"}'
    assert await browser.come_back_by_form(where, user=told) == (
        "/app/sign-in#error=PENDING_APPROVAL"
    )
    async with house.app[DB].read() as db:
        nora = await users.by_email(db, "relay-x7@example.org")
        assert nora is not None
        assert nora.display_name == "Nora New"
        assert await users.by_email(db, "admin@example.org") is None


@pytest.mark.parametrize(
    "told", ["", "[", "{}", '{"name": 5}', '{"name": {"firstName": "\\u0007"}}'], ids=range(5)
)
async def test_a_name_that_is_none_does_no_harm(
    browser: Browser, jo: family.Person, told: str
) -> None:
    assert await browser.come_back_by_form(await browser.start("apple"), user=told) == "/app/"


async def test_the_cookie_goes_to_these_routes_only_and_out_of_scripts_reach(
    house: Server, provider: OidcProvider
) -> None:
    answered = await house.ask("GET", "/auth/oauth/google/start")
    cookie = SimpleCookie(answered.headers["Set-Cookie"])["hearth_oauth"]
    assert (cookie["path"], cookie["max-age"], cookie["samesite"]) == ("/auth/oauth", "600", "Lax")
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert len(cookie.value) >= 43


async def test_over_https_the_cookie_comes_along_with_a_form_of_apple_s(
    postgres: Postgres,
    database_name: str,
    tmp_path: Path,
    provider: OidcProvider,
    clock: VirtualClock,
) -> None:
    async with serving(
        postgres.application_url(database_name),
        tmp_path,
        clock=clock,
        real_sign_in=True,
        public_url="https://hearth.example",
        trusted_proxies=("127.0.0.1", "::1"),
        **known_as_google(provider),
    ) as server:
        headers = {"X-Forwarded-Proto": "https", "Host": "hearth.example"}
        answered = await server.ask("GET", "/auth/oauth/google/start", headers=headers)
    cookie = SimpleCookie(answered.headers["Set-Cookie"])["hearth_oauth"]
    assert (cookie["samesite"], cookie["secure"]) == ("None", True)
    asked = parse_qs(urlsplit(answered.headers["Location"]).query)
    assert asked["redirect_uri"] == ["https://hearth.example/auth/oauth/google/callback"]


async def test_nothing_that_is_secret_stands_in_an_address(
    browser: Browser, house: Server, jo: family.Person
) -> None:
    back = await browser.start()
    secret = browser.cookies()["hearth_oauth"]
    assert secret not in back
    location = await browser.come_back(back)
    assert location == "/app/"


async def test_two_that_begin_share_nothing(
    browser: Browser, another: Browser, house: Server, jo: family.Person
) -> None:
    async def asked(of: Browser) -> dict[str, list[str]]:
        url = f"{house.url}/auth/oauth/google/start"
        async with of.session.get(url, allow_redirects=False) as sent:
            return parse_qs(urlsplit(sent.headers["Location"]).query)

    one, other = await asked(browser), await asked(another)
    for name in ("state", "nonce", "code_challenge"):
        assert one[name] != other[name]
        assert len(one[name][0]) >= 43


WRONG = "/app/sign-in#error=INVALID_CREDENTIALS"


async def test_a_way_is_gone_once(browser: Browser, jo: family.Person) -> None:
    where = await browser.start()
    cookie = browser.cookies()["hearth_oauth"]
    assert await browser.come_back(where) == "/app/"
    assert "hearth_oauth" not in browser.cookies()
    browser.session.cookie_jar.update_cookies({"hearth_oauth": cookie})
    assert await browser.come_back(where) == WRONG


async def test_a_way_that_is_gone_many_times_at_once_is_gone_once(
    browser: Browser, jo: family.Person
) -> None:
    where = await browser.start()
    ends = await asyncio.gather(*(browser.come_back(where) for _ in range(5)))
    assert sorted(ends) == ["/app/", *[WRONG] * 4]


async def test_another_browser_can_not_go_it(
    browser: Browser, another: Browser, provider: OidcProvider, jo: family.Person
) -> None:
    where = await browser.start()
    assert await another.come_back(where) == WRONG
    await another.start()
    assert await another.come_back(where) == WRONG, "its own cookie is another way's"
    assert provider.asked[TOKEN] == 0


@pytest.mark.parametrize("state", ["", "x", "x" * 43, "%C3%A4" * 20])
async def test_a_state_that_was_not_given_out_ends_the_way(
    browser: Browser, provider: OidcProvider, jo: family.Person, state: str
) -> None:
    where = await browser.start()
    assert await browser.come_back(changed(where, state=state)) == WRONG
    assert await browser.come_back(where) == WRONG, "there is no second guess"
    assert provider.asked[TOKEN] == 0


async def test_a_way_that_began_at_one_provider_does_not_end_at_another(
    browser: Browser, provider: OidcProvider, jo: family.Person
) -> None:
    where = await browser.start("google")
    assert await browser.come_back(where.replace("/google/", "/apple/")) == WRONG
    assert provider.asked[TOKEN] == 0


async def test_there_are_ten_minutes(
    browser: Browser, jo: family.Person, clock: VirtualClock
) -> None:
    where = await browser.start()
    await clock.advance(600)
    assert await browser.come_back(where) == WRONG


async def test_a_code_from_somewhere_else_is_not_taken(
    browser: Browser, another: Browser, provider: OidcProvider, jo: family.Person
) -> None:
    mine, theirs = await browser.start(), await another.start()
    code = dict(parse_qsl(urlsplit(theirs).query))["code"]
    assert await browser.come_back(changed(mine, code=code)) == WRONG


async def test_who_changes_their_mind_at_the_provider_is_back_at_the_sign_in(
    browser: Browser, jo: family.Person
) -> None:
    where = changed(await browser.start(), code=None, error="access_denied")
    assert await browser.come_back(where) == WRONG
    assert browser.cookies() == {}


async def test_a_provider_that_has_trouble_is_unavailable(
    browser: Browser, provider: OidcProvider, jo: family.Person
) -> None:
    away = "/app/sign-in#error=UNAVAILABLE"
    where = changed(await browser.start(), code=None, error="temporarily_unavailable")
    assert await browser.come_back(where) == away
    provider.instead[TOKEN] = fails(500)
    assert await browser.come_back(await browser.start()) == away


async def test_a_way_that_can_not_begin_says_so(house: Server, provider: OidcProvider) -> None:
    provider.instead[DISCOVERY] = fails(500)
    answered = await house.ask("GET", "/auth/oauth/google/start")
    assert (answered.status, answered.code) == (503, "UNAVAILABLE")
    assert "Set-Cookie" not in answered.headers


async def test_who_may_not_come_in_learns_why(
    browser: Browser, house: Server, provider: OidcProvider
) -> None:
    admin = await family.admin(house)
    provider.person = Person("an-admin", admin.email)
    assert await browser.come_back(await browser.start()) == "/app/sign-in#error=FORBIDDEN"
    provider.person = Person("nobody-yet", "nobody-yet@example.org")
    waits = "/app/sign-in#error=PENDING_APPROVAL"
    assert await browser.come_back(await browser.start()) == waits
    assert "hearth_refresh" not in browser.cookies()


async def test_nobody_is_sent_to_where_a_query_wants_them(
    browser: Browser, jo: family.Person
) -> None:
    where = await browser.start()
    lures = {"next": "//evil.example", "redirect_uri": "https://evil.example", "error": None}
    assert await browser.come_back(changed(where, **lures)) == "/app/"


async def test_the_log_holds_nothing_of_a_way(
    browser: Browser, jo: family.Person, log: io.StringIO
) -> None:
    where = changed(await browser.start(), code="no-such-code-anywhere")
    secrets = {browser.cookies()["hearth_oauth"], *dict(parse_qsl(urlsplit(where).query)).values()}
    await browser.come_back(where)
    told = log.getvalue()
    assert "/auth/oauth/google/callback" in told
    assert "invalid_grant" in told
    for secret in secrets:
        assert secret not in told


async def ticket_of(browser: Browser) -> str:
    where = await browser.come_back(await browser.start())
    page, _, ticket = where.partition("#totp=")
    assert page == "/app/sign-in"
    return ticket


async def test_a_second_factor_is_brought_with_a_ticket(
    browser: Browser, jo: family.Person, codes: SecondFactor
) -> None:
    ticket = await ticket_of(browser)
    cookie = browser.cookies()["hearth_oauth"]
    assert "hearth_refresh" not in browser.cookies()
    assert (await browser.bring_code(ticket, None))[1]["error"]["code"] == "TOTP_REQUIRED"
    status, body = await browser.bring_code(ticket, codes.wrong())
    assert (status, body["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    status, body = await browser.bring_code(ticket, codes.fresh())
    assert (status, body["user"]["id"]) == (200, jo.id)
    assert browser.cookies().keys() == {"hearth_refresh", "hearth_media"}
    browser.session.cookie_jar.update_cookies({"hearth_oauth": cookie})
    assert (await browser.bring_code(ticket, codes.fresh()))[0] == 401, "it serves once"


async def test_a_ticket_is_of_no_use_to_another_browser(
    browser: Browser, another: Browser, jo: family.Person, codes: SecondFactor
) -> None:
    ticket, code = await ticket_of(browser), codes.fresh()
    assert (await another.bring_code(ticket, code))[0] == 401
    await another.start()
    assert (await another.bring_code(ticket, code))[0] == 401
    assert (await browser.bring_code(ticket, code, "apple"))[0] == 401
    assert (await browser.bring_code(ticket, code))[0] == 200, "none of them spent the code"


async def test_a_ticket_lasts_five_minutes(
    browser: Browser, jo: family.Person, codes: SecondFactor, clock: VirtualClock
) -> None:
    ticket = await ticket_of(browser)
    await clock.advance(300)
    assert (await browser.bring_code(ticket, codes.fresh()))[0] == 401


async def test_a_ticket_lets_one_in_however_often_it_is_shown_at_once(
    browser: Browser, jo: family.Person, codes: SecondFactor
) -> None:
    ticket = await ticket_of(browser)
    answers = await asyncio.gather(*(browser.bring_code(ticket, codes.fresh()) for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200, 401, 401, 401, 401]


async def test_wrong_codes_with_a_ticket_lock_the_account(
    browser: Browser, jo: family.Person, codes: SecondFactor
) -> None:
    ticket = await ticket_of(browser)
    for _ in range(10):
        assert (await browser.bring_code(ticket, codes.wrong()))[0] == 401
    assert (await browser.bring_code(ticket, codes.fresh()))[0] == 429
    assert (await jo.sign_in(totp=codes.fresh())).code == "LOCKED"


async def test_a_ticket_dies_with_the_account_s_standing(
    browser: Browser, house: Server, jo: family.Person, codes: SecondFactor
) -> None:
    ticket = await ticket_of(browser)
    async with house.app[DB].begin() as tx:
        await users.change(tx, jo.id, status="SUSPENDED")
    status, body = await browser.bring_code(ticket, codes.fresh())
    assert (status, body["error"]["code"]) == (403, "SUSPENDED")
