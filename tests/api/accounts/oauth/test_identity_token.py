"""What a provider says of somebody is believed only as far as every claim of it holds."""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import Secret

from api.accounts.oauth.identity_token import Identity
from api.accounts.oauth.provider import Provider
from api.accounts.oauth.refusals import NotProven
from api.errors import Code
from tests.support.clock import START, VirtualClock
from tests.support.oidc import (
    CLIENT_ID,
    MARA,
    KeyPair,
    OidcProvider,
    Person,
    ec_key,
    forged,
    rsa_key,
    signing_input,
)

NOW = START.timestamp()


async def identify(
    google: Provider, token: str, clock: VirtualClock, nonce: str | None = None
) -> Identity:
    said = None if nonce is None else Secret(nonce)
    return await google.identify(Secret(token), nonce=said, now=clock.now())


async def refuses(
    google: Provider, token: str, clock: VirtualClock, nonce: str | None = None
) -> None:
    with pytest.raises(NotProven) as refused:
        await identify(google, token, clock, nonce)
    assert refused.value.code is Code.INVALID_CREDENTIALS
    assert refused.value.message == NotProven().message, "the words tell what was wrong"


async def test_a_good_token_tells_who_somebody_is(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    identity = await identify(google, provider.id_token(), clock)
    assert identity == Identity(MARA.sub, "mara@example.org", "Mara")


async def test_an_elliptic_key_signs_as_well(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.rotate(ec_key())
    assert (await identify(google, provider.id_token(), clock)).subject == MARA.sub


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://accounts.elsewhere.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": []},
        {"aud": ["another client"]},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": NOW + 61},
        {"iat": None},
        {"nbf": NOW + 61},
        {"sub": None},
        {"sub": ""},
        {"sub": 1082736450912},
        {"sub": "x" * 256},
        {"sub": "nul\0"},
        {"email_verified": 1},
        {"email_verified": ["true"]},
    ],
    ids=str,
)
async def test_a_wrong_claim_spoils_the_whole_token(
    google: Provider, provider: OidcProvider, clock: VirtualClock, wrong: dict[str, Any]
) -> None:
    await refuses(google, provider.id_token(**wrong), clock)


@pytest.mark.parametrize(
    "right",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID},
        # An app on a phone is a client of its own, and asks for a token that is meant for us.
        {"aud": CLIENT_ID, "azp": "the app on the phone"},
        {"exp": NOW - 59},
        {"iat": NOW + 59},
        {"exp": NOW + 0.5},
        {"a claim of next year": {"of": ["any", "form"]}},
    ],
    ids=str,
)
async def test_what_may_differ_does_no_harm(
    google: Provider, provider: OidcProvider, clock: VirtualClock, right: dict[str, Any]
) -> None:
    assert (await identify(google, provider.id_token(**right), clock)).subject == MARA.sub


async def test_google_signs_with_its_bare_name_as_well_and_apple_never(
    google: Provider, apple: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    token = provider.id_token(iss=provider.issuer.removeprefix("http://"))
    assert (await identify(google, token, clock)).subject == MARA.sub
    await refuses(apple, token, clock)


async def test_a_token_ends_while_the_server_runs(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    token = provider.id_token()
    await clock.advance(3600)
    assert (await identify(google, token, clock)).subject == MARA.sub
    await clock.advance(60)
    await refuses(google, token, clock)


async def test_a_nonce_that_is_named_must_be_the_token_s(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    token = provider.id_token(nonce="said once")
    assert (await identify(google, token, clock, "said once")).subject == MARA.sub
    await refuses(google, token, clock, "said otherwise")
    await refuses(google, provider.id_token(), clock, "said once")


async def test_a_phone_s_library_may_put_a_nonce_in_that_nobody_was_told(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    assert (await identify(google, provider.id_token(nonce="its own"), clock)).subject == MARA.sub


async def test_apple_writes_truth_as_a_text(
    apple: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.person = Person("001", "mara@example.org", email_verified="true")
    assert (await identify(apple, provider.id_token(), clock)).email == "mara@example.org"
    provider.person = Person("001", "mara@example.org", email_verified="false")
    assert (await identify(apple, provider.id_token(), clock)).email is None


@pytest.mark.parametrize(
    "person",
    [
        Person("002"),
        Person("002", "mara@example.org", email_verified=False),
        Person("002", "not an address"),
        Person("002", f"{'m' * 250}@example.org"),
        Person("002", "mar\N{KELVIN SIGN}@example.org"),
    ],
    ids=["none", "not verified", "no address", "too long", "folds into another"],
)
async def test_an_address_that_can_not_be_relied_on_is_none(
    google: Provider, provider: OidcProvider, clock: VirtualClock, person: Person
) -> None:
    provider.person = person
    assert await identify(google, provider.id_token(), clock) == Identity("002", None, None)


async def test_an_address_of_which_nothing_is_said_is_not_verified(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    assert (await identify(google, provider.id_token(email_verified=None), clock)).email is None


async def test_a_name_that_could_not_stand_here_is_left_out(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    assert (await identify(google, provider.id_token(name="x" * 81), clock)).name is None
    assert (await identify(google, provider.id_token(name="a\x1bb"), clock)).name is None


async def test_a_token_without_a_signature_proves_nothing(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    kid = provider.signing.kid
    for algorithm in ("none", "None", "NONE", ""):
        header = {"alg": algorithm, "kid": kid, "typ": "JWT"}
        await refuses(google, forged(header, provider.claims()), clock)


async def test_the_public_key_is_no_secret_to_sign_with(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    public = rsa_key(0).public_key()
    published = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(provider.signing.published()).encode(),
    ]
    header = {"alg": "HS256", "kid": provider.signing.kid, "typ": "JWT"}
    text = signing_input(header, provider.claims())
    for secret in published:
        signature = hmac.digest(secret, text.encode(), "sha256")
        await refuses(google, forged(header, provider.claims(), signature), clock)


async def test_the_key_says_how_it_signs_and_not_the_token(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    elliptic = KeyPair(provider.signing.kid, ec_key())
    await refuses(google, provider.id_token(key=elliptic), clock)


async def test_another_key_under_the_right_name_proves_nothing(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    stranger = KeyPair(provider.signing.kid, rsa_key(9))
    await refuses(google, provider.id_token(key=stranger), clock)


async def test_claims_changed_after_signing_prove_nothing(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    head, _, signature = provider.id_token().split(".")
    claims = json.dumps(provider.claims(sub="somebody else")).encode()
    changed = urlsafe_b64encode(claims).rstrip(b"=").decode()
    await refuses(google, f"{head}.{changed}.{signature}", clock)


@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": "x" * 257},
        {"typ": "logout+jwt"},
        {"typ": "at+jwt"},
        {"crit": ["exp"]},
    ],
    ids=str,
)
async def test_a_header_that_asks_for_more_than_is_understood_is_refused(
    google: Provider, provider: OidcProvider, clock: VirtualClock, header: dict[str, Any]
) -> None:
    await refuses(google, provider.id_token(header=header), clock)


@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "..",
        "a.b.c",
        "not a token",
        "\N{SNOWMAN}.\N{SNOWMAN}.\N{SNOWMAN}",
        f"{urlsafe_b64encode(b'[' * 5000).decode()}.e30.e30",
        f"{urlsafe_b64encode(b'null').decode()}.e30.e30",
        "e30.e30.e30",
    ],
    ids=range(8),
)
async def test_garbage_is_a_refusal_and_no_fault(
    google: Provider, provider: OidcProvider, clock: VirtualClock, garbage: str
) -> None:
    await refuses(google, garbage, clock)
    assert not provider.asked, "nobody is asked about garbage"
