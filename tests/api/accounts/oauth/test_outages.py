"""A provider that is away, slow or odd costs those who wait a clear answer, and nothing more."""

from collections.abc import Callable

import pytest
from pydantic import Secret

from api.accounts.oauth.provider import Provider
from api.accounts.oauth.refusals import ProviderAway
from api.errors import Code
from tests.support.clock import VirtualClock
from tests.support.oidc import (
    AUTHORIZE,
    DISCOVERY,
    KEYS,
    TOKEN,
    Handler,
    OidcProvider,
    fails,
    hangs,
    never_stops,
    oidc_provider,
    packs,
    pads,
    redirects,
    registered_with,
)

# A limit that an endless answer reaches at once, and a silent provider soon.
SECONDS = 0.5


async def sign_in(
    provider: OidcProvider, clock: VirtualClock, *, registered: OidcProvider | None = None
) -> None:
    """By a code, which asks for all that there is to ask for."""
    async with registered_with(registered or provider, clock, seconds=SECONDS) as providers:
        await exchange(providers.named("google"), provider, clock)


async def exchange(google: Provider, provider: OidcProvider, clock: VirtualClock) -> None:
    code = provider.code("https://app.example/back")
    await google.exchange(
        Secret(code),
        redirect_uri="https://app.example/back",
        verifier=None,
        nonce=None,
        now=clock.now(),
    )


@pytest.mark.parametrize("path", [DISCOVERY, KEYS, TOKEN])
@pytest.mark.parametrize(
    "misbehave",
    [
        lambda _: fails(500),
        lambda provider: redirects(f"{provider.issuer}/elsewhere"),
        pads,
        packs,
        hangs,
        never_stops,
    ],
    ids=["fails", "sends elsewhere", "says too much", "packs", "is silent", "never stops"],
)
async def test_whatever_is_wrong_with_a_provider_is_one_refusal(
    provider: OidcProvider,
    clock: VirtualClock,
    path: str,
    misbehave: Callable[[OidcProvider], Handler],
) -> None:
    provider.instead[path] = misbehave(provider)
    with pytest.raises(ProviderAway) as refused:
        await sign_in(provider, clock)
    assert refused.value.code is Code.UNAVAILABLE
    assert refused.value.retry_after is not None
    assert "127.0.0.1" not in refused.value.message
    assert provider.asked[path] == 1, "nothing is asked twice"
    assert "/elsewhere" not in provider.asked


async def test_a_provider_that_is_not_there(clock: VirtualClock) -> None:
    async with oidc_provider(clock) as provider:
        pass
    with pytest.raises(ProviderAway):
        await sign_in(provider, clock)


async def test_a_document_of_another_issuer_is_not_believed(
    provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.discovered = {"issuer": "https://accounts.elsewhere.example"}
    with pytest.raises(ProviderAway):
        await sign_in(provider, clock)
    assert provider.asked == {DISCOVERY: 1}


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address",
    [
        "http://accounts.example/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//127.0.0.1/x",
        "http://[oops/x",
        "http://127.0.0.1@accounts.example/x",
        "",
    ],
)
async def test_nothing_is_sent_where_others_could_read_it(
    provider: OidcProvider, clock: VirtualClock, name: str, address: str
) -> None:
    provider.discovered = {name: address}
    with pytest.raises(ProviderAway):
        await sign_in(provider, clock)
    assert provider.asked == {DISCOVERY: 1}


async def test_a_document_is_kept_and_asked_for_again_in_its_time(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.cache_control = "max-age=600"
    await exchange(google, provider, clock)
    await clock.advance(599)
    await exchange(google, provider, clock)
    assert provider.asked[DISCOVERY] == 1
    await clock.advance(1)
    await exchange(google, provider, clock)
    assert provider.asked[DISCOVERY] == 2
    assert provider.asked[AUTHORIZE] == 0
