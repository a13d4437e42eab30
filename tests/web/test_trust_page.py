"""How a device comes to trust a server that made its certificate by itself."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, expect
from yarl import URL

from api.machine import mdns_name
from api.tls import CertificateAuthority, ServerCertificate
from tests.support.browser import Complaints, chromium
from tests.support.postgres import Postgres
from tests.support.program import PROGRAM, started
from tests.support.server import MASTER_KEY, Server
from tests.support.trust import make_trusting_home

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True)
class House:
    """A server that was started with `--tls-self-signed`."""

    port: int
    fingerprint: str
    tls: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> CertificateAuthority:
        return CertificateAuthority.read((self.tls / "authority.pem").read_bytes())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    postgres: Postgres, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    owner, application = postgres.owner_url(database_name), postgres.application_url(database_name)
    variables = {
        "DATABASE_URL": application.render_as_string(hide_password=False),
        "HEARTH_MASTER_KEY": MASTER_KEY,
        "DATABASE_OWNER_URL": owner.render_as_string(hide_password=False),
        "HEARTH_DATA_DIR": str(folder),
        "HEARTH_RTC_PORT": "0",
    }
    command = (PROGRAM, "serve", "--tls-self-signed", "--host", "127.0.0.1", "--port", "0")
    async with started(*command, cwd=folder, variables=variables) as server:
        listening = re.search(r"port (\d+): https:", await server.line_with("listening on port"))
        assert listening is not None
        await server.line_with("/app/trust")
        fingerprint = (await server.line_with("fingerprint")).split()[-1]
        yield House(int(listening[1]), fingerprint, folder / "tls")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trusting_browser(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """The browser of somebody who has installed the authority."""
    home = tmp_path_factory.mktemp("home")
    make_trusting_home(home, house.authority.der)
    # On the network of a test nobody answers to the server's own name.
    at_home = f"--host-resolver-rules=MAP {mdns_name()} 127.0.0.1"
    async with chromium(at_home, home=home) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def trusting_page(trusting_browser: Browser) -> AsyncIterator[Page]:
    async with await trusting_browser.new_context() as window:
        complaints = Complaints(window)
        yield await window.new_page()
    complaints.check()


async def test_a_device_that_does_not_trust_it_is_warned(house: House, page: Page) -> None:
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        await page.goto(house.url)


async def test_past_the_warning_the_page_gives_the_authority_s_certificate(
    house: House, browser: Browser
) -> None:
    async with await browser.new_context(ignore_https_errors=True) as context:
        page = await context.new_page()
        await page.goto(f"{house.url}/app/trust")
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Get the certificate").click()
        download = await coming.value
        assert download.suggested_filename == "hearth-authority.crt"
        certificate = await asyncio.to_thread(Path(await download.path()).read_bytes)
    assert certificate == house.authority.der
    assert sha256(certificate).digest() == bytes.fromhex(house.fingerprint.replace(":", ""))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", mdns_name()])
async def test_a_device_that_trusts_it_gives_its_pages_a_camera(
    house: House, trusting_page: Page, host: str
) -> None:
    await trusting_page.goto(f"https://{host}:{house.port}/app/trust")
    assert await trusting_page.evaluate("isSecureContext && 'mediaDevices' in navigator")


@pytest.mark.parametrize("width", [320, 390, 1440])
async def test_the_steps_for_each_device_unfold_and_fit(
    house: House, trusting_page: Page, width: int
) -> None:
    await trusting_page.set_viewport_size({"width": width, "height": 800})
    await trusting_page.goto(f"{house.url}/app/trust")
    for device, step in (
        ("iPhone", "Certificate Trust Settings"),
        ("Android", "Trusted credentials"),
        ("computer", "trusted roots"),
    ):
        await expect(trusting_page.get_by_text(step)).to_be_hidden()
        await trusting_page.locator("summary", has_text=device).click()
        await expect(trusting_page.get_by_text(step)).to_be_visible()
    assert await trusting_page.evaluate("document.documentElement.scrollWidth") <= width


async def test_no_route_gives_a_key_away(house: House) -> None:
    trusting = ssl.create_default_context(cadata=house.authority.der)
    keys = [
        house.authority.key,
        ServerCertificate.read((house.tls / "server.pem").read_bytes()).key,
    ]
    secrets = [key.private_numbers().private_value.to_bytes(32, "big") for key in keys]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
        async with session.get(f"{house.url}/openapi.json") as answer:
            document = await answer.json()
        paths = [path for path, item in document["paths"].items() if "get" in item]
        folders = ["/app/trust", "/app/setup", "/docs", ""]
        guesses = [
            "authority.pem",
            "tls/authority.pem",
            "..%2F..%2Ftls%2Fauthority.pem",
            "server.pem",
        ]
        for path in (*paths, *(f"{folder}/{guess}" for folder in folders for guess in guesses)):
            async with session.get(URL(house.url + path, encoded=True)) as answer:
                body = await answer.read()
            assert b"PRIVATE KEY" not in body
            assert not any(secret in body for secret in secrets)


async def test_a_server_with_another_certificate_has_no_such_page(server: Server) -> None:
    for path in ("/app/trust", "/app/trust/hearth-authority.crt"):
        assert (await server.ask("GET", path)).code == "NOT_FOUND"
