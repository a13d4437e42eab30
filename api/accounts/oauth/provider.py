"""A provider, as far as signing in needs it: where to send people, and who they are."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote, urlencode

import structlog
from pydantic import BaseModel, Field, Secret

from api.accounts.oauth.client import Client, ProviderName
from api.accounts.oauth.client_secret import ClientSecret
from api.accounts.oauth.http import Answer, ProviderHttp, away
from api.accounts.oauth.identity_token import (
    Expectation,
    Identity,
    WrongToken,
    identity,
    key_id,
)
from api.accounts.oauth.published import Published
from api.accounts.oauth.refusals import NotConfigured, NotProven
from api.accounts.oauth.signing_keys import KeySet, SigningKey
from api.web_addresses import is_confidential
from store.clock import Clock

# RFC 6749, 5.2: then it is this server that the provider refuses, and not the person.
_OUR_FAULTS = frozenset({"invalid_client", "unauthorized_client"})

_logger = structlog.get_logger("hearth.auth")


class _Discovery(BaseModel):
    """OpenID Connect Discovery 1.0, 3: as much of it as is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Tokens(BaseModel):
    id_token: Secret[str]


class _TokenRefusal(BaseModel):
    error: Annotated[str, Field(max_length=64)]


class Provider:
    def __init__(self, client: Client, http: ProviderHttp, clock: Clock) -> None:
        self._client = client
        self._http = http
        self._discovery = Published(self._ask_for_discovery, self._read_discovery, clock)
        self._keys = Published(self._ask_for_keys, _read_keys, clock)

    @property
    def name(self) -> ProviderName:
        return self._client.provider

    async def authorization_url(
        self, *, redirect_uri: str, state: Secret[str], nonce: Secret[str], verifier: Secret[str]
    ) -> str:
        """Where a browser has to go for a code; it comes back to `redirect_uri` with it."""
        self._secret()
        discovery = await self._discovery.get()
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._client.scope,
            "state": state.get_secret_value(),
            "nonce": nonce.get_secret_value(),
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        if self._client.response_mode is not None:
            asked["response_mode"] = self._client.response_mode
        join = "&" if "?" in discovery.authorization_endpoint else "?"
        # Apple knows a space as %20 only.
        return f"{discovery.authorization_endpoint}{join}{urlencode(asked, quote_via=quote)}"

    async def exchange(
        self,
        code: Secret[str],
        *,
        redirect_uri: str | None,
        verifier: Secret[str] | None,
        nonce: Secret[str] | None,
        now: datetime,
    ) -> Identity:
        """Who the code stands for.

        That it was made for this client, sent to a registered address and to `redirect_uri`, and
        asked for by whoever has the verifier is what the provider checks (RFC 6749, 4.1.3).
        """
        token = await self._redeem(code, redirect_uri, verifier, now)
        return await self._identity(token, nonce, now, is_nonce_known=True)

    async def identify(
        self, id_token: Secret[str], *, nonce: Secret[str] | None, now: datetime
    ) -> Identity:
        """Who a token is about that a client got from the provider by itself."""
        return await self._identity(id_token, nonce, now, is_nonce_known=False)

    async def _redeem(
        self,
        code: Secret[str],
        redirect_uri: str | None,
        verifier: Secret[str] | None,
        now: datetime,
    ) -> Secret[str]:
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client.client_id,
            "client_secret": self._secret().at(now).get_secret_value(),
            "code": code.get_secret_value(),
        }
        if redirect_uri is not None:
            form["redirect_uri"] = redirect_uri
        if verifier is not None:
            form["code_verifier"] = verifier.get_secret_value()
        discovery = await self._discovery.get()
        answer = await self._http.post(discovery.token_endpoint, form)
        if answer.status == 200:
            return answer.read(_Tokens).id_token
        if answer.status not in {400, 401}:
            raise away(answer.url, f"it answered {answer.status}")
        error = answer.read(_TokenRefusal).error
        if error in _OUR_FAULTS:
            raise away(answer.url, f"{error}: check client id and secret")
        raise self._not_proven(error)

    async def _identity(
        self, token: Secret[str], nonce: Secret[str] | None, now: datetime, *, is_nonce_known: bool
    ) -> Identity:
        expected = Expectation(
            self._client.issuers, self._client.client_id, nonce, is_nonce_known=is_nonce_known
        )
        try:
            key = await self._key(key_id(token))
            return identity(token, key, expected, now)
        except WrongToken as wrong:
            raise self._not_proven(str(wrong)) from None

    async def _key(self, named: str) -> SigningKey:
        keys = await self._keys.get()
        if named not in keys:
            keys = await self._keys.get_anew()
        if named not in keys:
            raise WrongToken("unknown key")
        return keys[named]

    def _secret(self) -> ClientSecret:
        """What redeems codes; a server that was not given it only takes tokens."""
        if self._client.secret is None:
            raise NotConfigured(self._client.provider.title())
        return self._client.secret

    def _not_proven(self, reason: str) -> NotProven:
        _logger.info("sign_in_not_proven", provider=self._client.provider, reason=reason)
        return NotProven()

    async def _ask_for_discovery(self) -> Answer:
        issuer = self._client.issuer.rstrip("/")
        return await self._http.get(f"{issuer}/.well-known/openid-configuration")

    def _read_discovery(self, answer: Answer) -> _Discovery:
        document = answer.read(_Discovery)
        if document.issuer not in self._client.issuers:
            raise away(answer.url, "its document is another issuer's")
        for endpoint in (
            document.authorization_endpoint,
            document.token_endpoint,
            document.jwks_uri,
        ):
            # An issuer that is reached over HTTPS must not send codes and secrets into the clear.
            if not is_confidential(endpoint, on_loopback=self._client.issuer.startswith("http:")):
                raise away(answer.url, "its document names an address that is not encrypted")
        return document

    async def _ask_for_keys(self) -> Answer:
        discovery = await self._discovery.get()
        return await self._http.get(discovery.jwks_uri)


def _read_keys(answer: Answer) -> Mapping[str, SigningKey]:
    return answer.read(KeySet).usable()


def _challenge(verifier: Secret[str]) -> str:
    """RFC 7636, 4.2."""
    digest = sha256(verifier.get_secret_value().encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
