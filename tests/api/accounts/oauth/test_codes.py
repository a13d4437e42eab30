"""A code is exchanged by the client that asked for it, once, and for nobody else."""

import io
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from pydantic import Secret

from api.accounts.oauth.identity_token import Identity
from api.accounts.oauth.provider import Provider
from api.accounts.oauth.refusals import NotConfigured, NotProven, ProviderAway
from tests.support.clock import VirtualClock
from tests.support.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    MARA,
    TOKEN,
    OidcProvider,
    challenge_of,
    ec_key,
    fails,
    forged,
    registered_with,
    says,
)

BACK = "http://localhost:8080/auth/oauth/google/callback"
VERIFIER = "a verifier, which is as long as RFC 7636 has it be"


async def exchange(
    provider: Provider,
    code: str,
    clock: VirtualClock,
    *,
    redirect_uri: str | None = BACK,
    verifier: str | None = VERIFIER,
    nonce: str | None = "once",
) -> Identity:
    return await provider.exchange(
        Secret(code),
        redirect_uri=redirect_uri,
        verifier=None if verifier is None else Secret(verifier),
        nonce=None if nonce is None else Secret(nonce),
        now=clock.now(),
    )


def handed_out(provider: OidcProvider) -> str:
    return provider.code(BACK, verifier=VERIFIER, nonce="once")


async def authorization_url(provider: Provider) -> str:
    return await provider.authorization_url(
        redirect_uri=BACK, state=Secret("st"), nonce=Secret("once"), verifier=Secret(VERIFIER)
    )


async def test_a_server_without_the_secret_takes_tokens_and_no_codes(
    provider: OidcProvider, clock: VirtualClock
) -> None:
    async with registered_with(provider, clock, oauth_google_client_secret=None) as providers:
        bare = providers.named("google")
        with pytest.raises(NotConfigured):
            await authorization_url(bare)
        with pytest.raises(NotConfigured):
            await exchange(bare, handed_out(provider), clock)
        token = Secret(provider.id_token())
        assert (await bare.identify(token, nonce=None, now=clock.now())).email is not None


async def test_the_whole_way_through_google(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.redirect_uris = {BACK}
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(await authorization_url(google), allow_redirects=False) as sent_back,
    ):
        where = urlsplit(sent_back.headers["Location"])
    answer = parse_qs(where.query)
    assert (where.path, answer["state"]) == ("/auth/oauth/google/callback", ["st"])
    assert (await exchange(google, answer["code"][0], clock)).subject == MARA.sub


async def test_the_browser_is_told_what_the_provider_needs_and_nothing_secret(
    google: Provider, provider: OidcProvider
) -> None:
    where = urlsplit(await authorization_url(google))
    assert {name: value for name, (value,) in parse_qs(where.query).items()} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": "openid email profile",
        "state": "st",
        "nonce": "once",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }


async def test_apple_answers_by_a_form_and_reads_spaces_in_its_own_way(
    apple: Provider, provider: OidcProvider
) -> None:
    query = urlsplit(await authorization_url(apple)).query
    assert parse_qs(query)["response_mode"] == ["form_post"]
    assert "scope=name%20email" in query.split("&")


async def test_a_query_that_the_address_has_already_stays(
    google: Provider, provider: OidcProvider
) -> None:
    provider.discovered = {"authorization_endpoint": f"{provider.issuer}/authorize?tenant=x"}
    query = parse_qs(urlsplit(await authorization_url(google)).query)
    assert (query["tenant"], query["state"]) == (["x"], ["st"])


async def test_apple_is_told_by_a_signed_secret_who_asks(
    apple: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    await clock.advance(86_400)
    assert (await exchange(apple, handed_out(provider), clock)).subject == MARA.sub


async def test_a_code_serves_once(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    code = handed_out(provider)
    await exchange(google, code, clock)
    with pytest.raises(NotProven):
        await exchange(google, code, clock)


async def test_a_code_is_worth_nothing_without_what_it_was_asked_for_with(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock, verifier="another")
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock, verifier=None)
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock, redirect_uri=f"{BACK}/elsewhere")
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock, nonce="another")
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock, nonce=None)


async def test_a_code_that_was_asked_for_without_proof_may_not_bring_one(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    with pytest.raises(NotProven):
        await exchange(google, provider.code(BACK, nonce="once"), clock)
    with pytest.raises(NotProven):
        await exchange(google, provider.code(BACK, verifier=VERIFIER), clock)


async def test_what_came_for_a_code_is_doubted_like_any_token(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.said = {"aud": "another client"}
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock)


async def test_a_provider_that_does_not_know_this_server_is_not_the_person_s_fault(
    google: Provider, apple: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    provider.client_secret = "another secret"
    with pytest.raises(ProviderAway):
        await exchange(google, handed_out(provider), clock)
    provider.client_key = ec_key().public_key()
    with pytest.raises(ProviderAway):
        await exchange(apple, handed_out(provider), clock)


@pytest.mark.parametrize("status", [204, 302, 403, 404, 429, 500, 503])
async def test_any_other_answer_is_an_outage(
    google: Provider, provider: OidcProvider, clock: VirtualClock, status: int
) -> None:
    provider.instead[TOKEN] = fails(status)
    with pytest.raises(ProviderAway):
        await exchange(google, handed_out(provider), clock)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"{}"),
        (200, b'{"id_token": 5}'),
        (200, b"<html>"),
        (400, b"<html>"),
        (400, b'{"error": 5}'),
    ],
)
async def test_an_answer_that_can_not_be_read_is_an_outage(
    google: Provider, provider: OidcProvider, clock: VirtualClock, status: int, body: bytes
) -> None:
    provider.instead[TOKEN] = says(body, status)
    with pytest.raises(ProviderAway):
        await exchange(google, handed_out(provider), clock)


async def test_an_answer_that_holds_a_bad_token_proves_nothing(
    google: Provider, provider: OidcProvider, clock: VirtualClock
) -> None:
    unsigned = forged({"alg": "none", "kid": "first"}, provider.claims(nonce="once"))
    provider.instead[TOKEN] = says(f'{{"id_token": "{unsigned}"}}'.encode())
    with pytest.raises(NotProven):
        await exchange(google, handed_out(provider), clock)


async def test_the_log_tells_the_reason_and_no_secret(
    google: Provider, provider: OidcProvider, clock: VirtualClock, log: io.StringIO
) -> None:
    provider.said = {"aud": "another client"}
    code, token = handed_out(provider), provider.id_token()
    with pytest.raises(NotProven):
        await exchange(google, code, clock)
    with pytest.raises(NotProven):
        await google.identify(Secret(token), nonce=None, now=clock.now())
    provider.client_secret = "another secret"
    with pytest.raises(ProviderAway):
        await exchange(google, handed_out(provider), clock)
    told = log.getvalue()
    assert told.count("audience") == 2
    assert "invalid_client" in told
    for secret in (code, token, VERIFIER, CLIENT_SECRET, MARA.sub, "mara@example.org"):
        assert secret not in told
