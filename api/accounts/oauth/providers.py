"""The providers that this server is registered with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Secret

from api.accounts.oauth.client import Client, ProviderName
from api.accounts.oauth.client_secret import (
    AgreedSecret,
    SignedSecret,
    WrongKeyFile,
    read_signing_key,
)
from api.accounts.oauth.http import SECONDS, provider_http
from api.accounts.oauth.provider import Provider
from api.accounts.oauth.refusals import NotConfigured
from api.configuration import Configuration
from api.errors import NotFound
from api.failure import WrongConfiguration
from store.clock import Clock


class Providers:
    def __init__(self, providers: dict[ProviderName, Provider]) -> None:
        self._providers = providers

    def named(self, name: str) -> Provider:
        """By the name that stands in the address."""
        try:
            known = ProviderName(name)
        except ValueError:
            raise NotFound from None
        provider = self._providers.get(known)
        if provider is None:
            raise NotConfigured(known.title())
        return provider


@asynccontextmanager
async def sign_in_providers(
    configuration: Configuration, clock: Clock, seconds: float = SECONDS
) -> AsyncIterator[Providers]:
    # Apple's key lies in a file.
    clients = await asyncio.to_thread(_clients, configuration)
    async with provider_http(seconds) as http:
        yield Providers({client.provider: Provider(client, http, clock) for client in clients})


def _clients(configuration: Configuration) -> list[Client]:
    possible = (_google(configuration), _apple(configuration))
    return [client for client in possible if client is not None]


def _google(configuration: Configuration) -> Client | None:
    client_id, secret = (
        configuration.oauth_google_client_id,
        configuration.oauth_google_client_secret,
    )
    if client_id is None:
        return None
    issuer = configuration.oauth_google_issuer
    return Client(
        ProviderName.GOOGLE,
        issuer,
        # Google signs with its bare name as well.
        frozenset({issuer, issuer.partition("://")[2]}),
        client_id,
        None if secret is None else AgreedSecret(Secret(secret.get_secret_value())),
        scope="openid email profile",
    )


def _apple(configuration: Configuration) -> Client | None:
    client_id, issuer = configuration.oauth_apple_client_id, configuration.oauth_apple_issuer
    if client_id is None:
        return None
    return Client(
        ProviderName.APPLE,
        issuer,
        frozenset({issuer}),
        client_id,
        _apple_secret(configuration, client_id),
        scope="name email",
        # Whoever asks Apple for a name or an address is answered in this form alone.
        response_mode="form_post",
    )


def _apple_secret(configuration: Configuration, client_id: str) -> SignedSecret | None:
    key_file = configuration.oauth_apple_key_file
    team_id, key_id = configuration.oauth_apple_team_id, configuration.oauth_apple_key_id
    if key_file is None or team_id is None or key_id is None:
        return None
    try:
        key = read_signing_key(key_file)
    except WrongKeyFile as wrong:
        raise WrongConfiguration(f"HEARTH_OAUTH_APPLE_KEY_FILE: {wrong}") from None
    return SignedSecret(
        team_id, key_id, client_id, audience=configuration.oauth_apple_issuer, key=key
    )
