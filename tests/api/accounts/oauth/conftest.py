"""A provider on loopback, and a server that knows it under two names."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.accounts.oauth.provider import Provider
from api.keys import CONFIGURATION
from api.logs import configure_logs
from tests.support import family
from tests.support.clock import VirtualClock
from tests.support.oidc import (
    CLIENT_ID,
    KEY_ID,
    TEAM_ID,
    OidcProvider,
    Person,
    ec_key,
    known_as_google,
    oidc_provider,
    registered_with,
)
from tests.support.postgres import Postgres
from tests.support.second_factor import SecondFactor
from tests.support.server import Server, serving


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logs("DEBUG", stream=stream)
    yield stream
    configure_logs("DEBUG", stream=io.StringIO())


@pytest.fixture
def clock() -> VirtualClock:
    """Stands still: what is kept for so long is kept for no second longer."""
    return VirtualClock()


@pytest.fixture
async def provider(clock: VirtualClock) -> AsyncIterator[OidcProvider]:
    async with oidc_provider(clock) as provider:
        yield provider


@pytest.fixture
async def google(provider: OidcProvider, clock: VirtualClock) -> AsyncIterator[Provider]:
    async with registered_with(provider, clock) as providers:
        yield providers.named("google")


@pytest.fixture
def known_as_apple(provider: OidcProvider, tmp_path: Path) -> dict[str, Any]:
    """What a server is told that knows the one on loopback as Apple."""
    key = ec_key()
    provider.client_key = key.public_key()
    key_file = tmp_path / "AuthKey.p8"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {
        "oauth_apple_client_id": CLIENT_ID,
        "oauth_apple_team_id": TEAM_ID,
        "oauth_apple_key_id": KEY_ID,
        "oauth_apple_key_file": key_file,
        "oauth_apple_issuer": provider.issuer,
    }


@pytest.fixture
async def apple(
    provider: OidcProvider, clock: VirtualClock, known_as_apple: dict[str, Any]
) -> AsyncIterator[Provider]:
    async with registered_with(provider, clock, **known_as_apple) as providers:
        yield providers.named("apple")


@pytest.fixture
async def house(
    postgres: Postgres,
    database_name: str,
    tmp_path: Path,
    clock: VirtualClock,
    provider: OidcProvider,
    known_as_apple: dict[str, Any],
) -> AsyncIterator[Server]:
    """A server that is registered with the one provider under both of its names."""
    url = postgres.application_url(database_name)
    given = {**known_as_google(provider), **known_as_apple}
    async with serving(url, tmp_path, clock=clock, real_sign_in=True, **given) as house:
        own_url = house.app[CONFIGURATION].own_url
        provider.redirect_uris = {
            f"{own_url}/auth/oauth/{name}/callback" for name in ("google", "apple")
        }
        yield house


@pytest.fixture
async def jo(house: Server, provider: OidcProvider) -> family.Person:
    """A parent whom the provider knows by their address, and this house not yet by the provider."""
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person(f"subject-of-{jo.id}", jo.email)
    return jo


@pytest.fixture
async def codes(jo: family.Person, clock: VirtualClock) -> SecondFactor:
    """Jo's second factor."""
    return await SecondFactor.set_up(jo, clock)
