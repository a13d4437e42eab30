"""A provider's keys are kept, renewed when one is missing, and never asked for by strangers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from pydantic import Secret

from api.accounts.oauth.provider import Provider
from api.accounts.oauth.published import LONGEST, SHORTEST, USUAL
from api.accounts.oauth.refusals import PAUSE_SECONDS, NotProven, ProviderAway
from api.accounts.oauth.signing_keys import KeySet
from tests.support.clock import VirtualClock
from tests.support.oidc import (
    DISCOVERY,
    KEYS,
    KeyPair,
    OidcProvider,
    ec_key,
    fails,
    oidc_provider,
    rsa_key,
    says,
)


@pytest.fixture
async def stranger(clock: VirtualClock) -> AsyncIterator[OidcProvider]:
    """Somebody else's provider, whose keys ours has never heard of."""
    async with oidc_provider(clock) as stranger:
        stranger.rotate(rsa_key(9))
        yield stranger


async def sign_in(google: Provider, provider: OidcProvider, clock: VirtualClock) -> None:
    await google.identify(Secret(provider.id_token()), nonce=None, now=clock.now())


async def test_many_sign_in_and_the_provider_is_asked_once(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    await asyncio.gather(*(sign_in(google, provider, clock) for _ in range(20)))
    assert provider.asked == {DISCOVERY: 1, KEYS: 1}


async def test_an_unknown_key_has_the_keys_asked_for_anew(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    await sign_in(google, provider, clock)
    provider.rotate()
    await clock.advance(PAUSE_SECONDS)
    await asyncio.gather(*(sign_in(google, provider, clock) for _ in range(20)))
    assert provider.asked[KEYS] == 2


async def test_a_withdrawn_key_opens_nothing_once_that_is_known(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    before = provider.id_token()
    await sign_in(google, provider, clock)
    provider.rotate()
    await clock.advance(PAUSE_SECONDS)
    await sign_in(google, provider, clock)
    with pytest.raises(NotProven):
        await google.identify(Secret(before), nonce=None, now=clock.now())


async def test_strangers_can_not_make_this_server_hammer_the_provider(
    google: Provider, provider: OidcProvider, stranger: OidcProvider, clock: VirtualClock
) -> None:
    await sign_in(google, provider, clock)
    for _ in range(50):
        with pytest.raises(NotProven):
            await sign_in(google, stranger, clock)
        await clock.advance(1)
    assert provider.asked[KEYS] <= 1 + 50 / PAUSE_SECONDS
    asked = provider.asked[KEYS]
    await sign_in(google, provider, clock)
    assert provider.asked[KEYS] == asked, "those who are known do not wait for it"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, USUAL),
        ("public, max-age=7200, must-revalidate", 7200),
        ("s-maxage=5, max-age=900", 900),
        ("max-age=1", SHORTEST),
        ("no-store", USUAL),
        ("max-age=31536000", LONGEST),
        ("max-age=soon", USUAL),
    ],
)
async def test_keys_are_kept_as_long_as_their_answer_says_within_bounds(
    google: Provider,
    provider: OidcProvider,
    clock: VirtualClock,
    said: str | None,
    seconds: float,
) -> None:
    provider.cache_control = said
    await sign_in(google, provider, clock)
    await clock.advance(seconds - 1)
    await sign_in(google, provider, clock)
    assert provider.asked[KEYS] == 1
    await clock.advance(1)
    await sign_in(google, provider, clock)
    assert provider.asked[KEYS] == 2


async def test_a_provider_that_failed_is_left_in_peace_for_a_moment(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.instead[KEYS] = fails(500)
    for _ in range(5):
        with pytest.raises(ProviderAway):
            await sign_in(google, provider, clock)
    assert provider.asked[KEYS] == 1
    provider.instead.clear()
    await clock.advance(PAUSE_SECONDS)
    await sign_in(google, provider, clock)


async def test_keys_that_are_known_outlive_an_outage(
    google: Provider, provider: OidcProvider, stranger: OidcProvider, clock: VirtualClock
) -> None:
    await sign_in(google, provider, clock)
    await clock.advance(PAUSE_SECONDS)
    provider.instead[KEYS] = fails(503)
    with pytest.raises(ProviderAway):
        await sign_in(google, stranger, clock)
    await sign_in(google, provider, clock)


async def test_a_request_that_breaks_off_does_not_shut_the_others_out(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    arrived = asyncio.Event()

    async def hang(request: object) -> Any:
        arrived.set()
        await provider.ends.wait()

    provider.instead[KEYS] = hang
    breaks_off = asyncio.create_task(sign_in(google, provider, clock))
    await arrived.wait()
    provider.instead.clear()
    breaks_off.cancel()
    await sign_in(google, provider, clock)


async def test_keys_of_other_kinds_are_passed_over(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    ours = provider.signing.published()
    others: list[Mapping[str, Any]] = [
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg"},
        {**ours, "kid": "for secrets", "use": "enc"},
        {**ours, "kid": "other algorithm", "alg": "RS512"},
        {**ours, "kid": "elliptic", "kty": "EC"},
        {**ours, "kid": "broken", "n": "!"},
        {**KeyPair("off the curve", ec_key()).published(), "x": "AAAA"},
        {
            **ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), True),
            "kid": "large",
        },
        {},
        {"kty": 1, "kid": []},
    ]
    usable = KeySet(keys=[*map(dict, others), ours]).usable()
    assert [(kid, key.algorithm) for kid, key in usable.items()] == [("first", "RS256")]


async def test_a_short_key_signs_nothing(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.rotate(rsa_key(0, bits=1024))
    with pytest.warns(match="1024 bits"), pytest.raises(NotProven):
        await sign_in(google, provider, clock)


async def test_a_private_key_that_was_published_is_none_here(provider: OidcProvider) -> None:
    private = rsa_key(0).private_numbers()
    published = {**provider.signing.published(), "d": str(private.d), "p": str(private.p)}
    (key,) = KeySet(keys=[published]).usable().values()
    assert key.key == rsa_key(0).public_key()


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b'{"keys": {}}', b'{"keys": [1]}', b"[" * 100_000, b'{"keys": null}'],
    ids=range(6),
)
async def test_a_set_of_keys_that_is_none_is_the_provider_s_fault(
    google: Provider, provider: OidcProvider, clock: VirtualClock, document: bytes
) -> None:
    provider.instead[KEYS] = says(document)
    with pytest.raises(ProviderAway):
        await sign_in(google, provider, clock)
