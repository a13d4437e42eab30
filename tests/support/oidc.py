"""A small OpenID Connect provider on loopback, which can be told to misbehave."""

import asyncio
import itertools
import json
import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from sqlalchemy.engine import make_url

from api.accounts.oauth.providers import Providers, sign_in_providers
from store.clock import Clock
from tests.support.server import configure

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CLIENT_ID = "hearth.tests"
CLIENT_SECRET = "agreed with the provider of the tests"
TEAM_ID, KEY_ID = "TEAM123456", "KEY1234567"

_NO_DATABASE = make_url("postgresql+aiopg://nobody")

DISCOVERY = "/.well-known/openid-configuration"
AUTHORIZE, TOKEN, KEYS = "/authorize", "/token", "/keys"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has an account at the provider, and always agrees."""

    sub: str
    email: str | None = None
    email_verified: bool | str = True
    name: str | None = None


MARA = Person("1082736450912", "mara@example.org", name="Mara")


@dataclass(frozen=True, slots=True)
class KeyPair:
    kid: str
    private: PrivateKey

    @property
    def algorithm(self) -> str:
        return "RS256" if isinstance(self.private, rsa.RSAPrivateKey) else "ES256"

    def published(self) -> dict[str, Any]:
        described: dict[str, Any]
        if isinstance(self.private, rsa.RSAPrivateKey):
            described = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            described = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        described.pop("key_ops", None)
        return {**described, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass(frozen=True, slots=True)
class _Code:
    person: Person
    redirect_uri: str
    challenge: str | None
    nonce: str | None


class OidcProvider:
    issuer: str

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.person = MARA
        self.redirect_uris: set[str] = set()
        # What the client may prove itself with: a password, or tokens that this key verifies.
        self.client_secret = CLIENT_SECRET
        self.client_key = ec_key().public_key()
        self.keys = [KeyPair("first", rsa_key(0))]
        self.discovered: dict[str, Any] = {}
        self.cache_control: str | None = None
        # What tokens say instead of the truth; None: nothing.
        self.said: dict[str, Any] = {}
        # What is done at a path instead of what should be done there.
        self.instead: dict[str, Handler] = {}
        # How often each path was asked for.
        self.asked: Counter[str] = Counter()
        self.ends = asyncio.Event()
        self._codes: dict[str, _Code] = {}
        self._rotations = itertools.count(1)

    @property
    def signing(self) -> KeyPair:
        return self.keys[-1]

    def rotate(self, private: PrivateKey | None = None) -> None:
        """Sign with another key from now on; the one before is withdrawn."""
        self.keys = [KeyPair(secrets.token_hex(4), private or rsa_key(next(self._rotations)))]

    def claims(self, *, nonce: str | None = None, **said: Any) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.person.sub,
            "email": self.person.email,
            "email_verified": self.person.email_verified if self.person.email else None,
            "name": self.person.name,
            "nonce": nonce,
            "iat": now,
            "exp": now + 3600,
            **self.said,
            **said,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def id_token(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        key: KeyPair | None = None,
        **said: Any,
    ) -> str:
        key = key or self.signing
        headers = {"kid": key.kid, **(header or {})}
        given = {name: value for name, value in headers.items() if value is not None}
        return jwt.encode(self.claims(**said), key.private, key.algorithm, headers=given)

    def code(
        self, redirect_uri: str, *, verifier: str | None = None, nonce: str | None = None
    ) -> str:
        """What the authorization endpoint hands out."""
        challenge = None if verifier is None else challenge_of(verifier)
        return self._new_code(_Code(self.person, redirect_uri, challenge, nonce))

    def app(self) -> web.Application:
        @web.middleware
        async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.asked[request.path] += 1
            return await self.instead.get(request.path, handler)(request)

        app = web.Application(middlewares=[misbehave])
        app.add_routes(
            [
                web.get(DISCOVERY, self._discovery),
                web.get(KEYS, self._published_keys),
                web.get(AUTHORIZE, self._authorize),
                web.post(TOKEN, self._token),
            ]
        )
        return app

    async def answer(self, request: web.Request) -> web.Response:
        """What should be said there."""
        honest = {DISCOVERY: self._discovery, KEYS: self._published_keys, TOKEN: self._token}
        return await honest[request.path](request)

    async def _discovery(self, request: web.Request) -> web.Response:
        return self._document(
            {
                "issuer": self.issuer,
                "authorization_endpoint": self.issuer + AUTHORIZE,
                "token_endpoint": self.issuer + TOKEN,
                "jwks_uri": self.issuer + KEYS,
                "id_token_signing_alg_values_supported": ["RS256"],
                **self.discovered,
            }
        )

    async def _published_keys(self, request: web.Request) -> web.Response:
        return self._document({"keys": [key.published() for key in self.keys]})

    def _document(self, content: Mapping[str, Any]) -> web.Response:
        headers = {} if self.cache_control is None else {"Cache-Control": self.cache_control}
        return web.json_response(content, headers=headers)

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = request.query
        redirect_uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or redirect_uri not in self.redirect_uris:
            # Never back to an address that nobody has registered.
            return web.Response(status=400, text="unknown client")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = _Code(self.person, redirect_uri, asked["code_challenge"], asked.get("nonce"))
        answer = {"state": asked["state"], "code": self._new_code(code)}
        if asked.get("response_mode") == "form_post":
            fields = "".join(
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                for name, value in answer.items()
            )
            page = f'<form method="post" action="{escape(redirect_uri)}">{fields}</form>'
            return web.Response(text=page, content_type="text/html")
        return web.Response(status=302, headers={"Location": f"{redirect_uri}?{urlencode(answer)}"})

    def _new_code(self, code: _Code) -> str:
        name = secrets.token_urlsafe(16)
        self._codes[name] = code
        return name

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form.get("client_id") != CLIENT_ID or not self._knows(form.get("client_secret", "")):
            return _refused("invalid_client", 401)
        code = self._codes.pop(form.get("code", ""), None)
        if (
            code is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != code.redirect_uri
            or not _verifies(code.challenge, form.get("code_verifier"))
        ):
            return _refused("invalid_grant", 400)
        person, self.person = self.person, code.person
        id_token = self.id_token(nonce=code.nonce)
        self.person = person
        return web.json_response(
            {"access_token": "not used", "token_type": "Bearer", "id_token": id_token}
        )

    def _knows(self, secret: str) -> bool:
        if secret == self.client_secret:
            return True
        try:
            claims = jwt.decode(
                secret,
                self.client_key,
                ["ES256"],
                audience=self.issuer,
                issuer=TEAM_ID,
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return False
        lasts_for = float(claims["exp"]) - self.clock.now().timestamp()
        is_ours = (claims["sub"], jwt.get_unverified_header(secret)["kid"]) == (CLIENT_ID, KEY_ID)
        return is_ours and 0 < lasts_for < 15_777_000  # Apple's six months


@asynccontextmanager
async def oidc_provider(clock: Clock) -> AsyncIterator[OidcProvider]:
    provider = OidcProvider(clock)
    runner = web.AppRunner(provider.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.issuer = f"http://127.0.0.1:{site.port}"
    try:
        yield provider
    finally:
        provider.ends.set()
        await runner.cleanup()


def known_as_google(provider: OidcProvider) -> dict[str, Any]:
    """What a server is told that knows this one as Google."""
    return {
        "oauth_google_client_id": CLIENT_ID,
        "oauth_google_client_secret": CLIENT_SECRET,
        "oauth_google_issuer": provider.issuer,
    }


@asynccontextmanager
async def registered_with(
    provider: OidcProvider, clock: Clock, *, seconds: float = 10, **given: Any
) -> AsyncIterator[Providers]:
    """The providers of a server that knows this one as Google, and waits so long for it."""
    fields = {**known_as_google(provider), **given}
    configuration = configure(_NO_DATABASE, Path("nowhere"), **fields)
    async with sign_in_providers(configuration, clock, seconds) as providers:
        yield providers


@cache
def rsa_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One of a few; made once, because making one takes its time."""
    return rsa.generate_private_key(65537, bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def forged(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """A token that no library of ours would make."""
    return f"{signing_input(header, claims)}.{_base64url(signature)}"


def signing_input(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def challenge_of(verifier: str) -> str:
    return _base64url(sha256(verifier.encode()).digest())


def fails(status: int) -> Handler:
    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=status, text="not today")

    return fail


def says(body: bytes, status: int = 200) -> Handler:
    async def say(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type="application/json")

    return say


def pads(provider: OidcProvider) -> Handler:
    """What should be said, and then nothing, at great length."""

    async def pad(request: web.Request) -> web.Response:
        honest = await provider.answer(request)
        assert isinstance(honest.body, bytes)
        return web.Response(body=honest.body + b" " * 300_000, content_type=honest.content_type)

    return pad


def packs(provider: OidcProvider) -> Handler:
    """Compressed, although nobody had asked for it."""

    async def pack(request: web.Request) -> web.Response:
        honest = await provider.answer(request)
        honest.enable_compression(web.ContentCoding.gzip)
        return honest

    return pack


def redirects(url: str) -> Handler:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": url})

    return redirect


def hangs(provider: OidcProvider) -> Handler:
    async def hang(request: web.Request) -> web.Response:
        await provider.ends.wait()
        return web.Response(status=503)

    return hang


def never_stops(provider: OidcProvider) -> Handler:
    """Sends as long as somebody reads."""

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not provider.ends.is_set():
            await response.write(b" " * 65536)
        return response

    return pour


def _refused(error: str, status: int) -> web.Response:
    return web.json_response({"error": error}, status=status)


def _verifies(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None or verifier is None:
        return challenge is verifier
    return challenge == challenge_of(verifier)


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
