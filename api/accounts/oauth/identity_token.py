"""What a provider says of a person: an identity token, of which every claim is doubted.

OpenID Connect Core 1.0, 3.1.3.7, and the confusions that RFC 8725 warns of. Time comes from
outside, so PyJWT looks at the signature and the rest is done here.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from jwt import PyJWS
from jwt.exceptions import PyJWTError
from pydantic import BaseModel, ConfigDict, Field, Secret, TypeAdapter, ValidationError

from api.accounts.oauth.signing_keys import Algorithm, SigningKey
from api.accounts.schemas import DisplayName, Email

# By how much the provider's clock and ours may differ.
LEEWAY_SECONDS = 60

_JWS = PyJWS(["RS256", "ES256"], options={"enforce_minimum_key_length": True})
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_NAME: TypeAdapter[str] = TypeAdapter(DisplayName)


class WrongToken(Exception):
    """It proves nothing. What is wrong with it is for the log alone."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a token must say to be meant for this server and for this sign-in."""

    issuers: frozenset[str]
    client_id: str
    nonce: Secret[str] | None
    # Whoever asked for a token with a nonce can say which. Those who got one from a library on a
    # phone may not know of the nonce that is in it.
    is_nonce_known: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to their provider."""

    subject: str
    # Only one that the provider has verified: no other may ever open or make an account.
    email: str | None
    name: str | None


class _Header(BaseModel):
    model_config = ConfigDict(strict=True)

    alg: Algorithm
    kid: Annotated[str, Field(min_length=1, max_length=256)]
    # Other kinds of tokens, signed by the same keys, name themselves here.
    typ: Literal["JWT"] | None = None


Seconds = Annotated[float, Field(allow_inf_nan=False)]


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True)

    iss: str
    sub: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")]
    aud: str | list[str]
    azp: str | None = None
    exp: Seconds
    iat: Seconds
    nbf: Seconds | None = None
    nonce: str | None = None
    email: str | None = None
    # Apple writes it as a text.
    email_verified: bool | Literal["true", "false"] = False
    name: str | None = None


def key_id(token: Secret[str]) -> str:
    """The id of the key that it claims to be signed with."""
    try:
        header = _JWS.get_unverified_header(token.get_secret_value())
        return _Header.model_validate(header).kid
    except (PyJWTError, ValidationError):
        raise WrongToken("header") from None


def identity(token: Secret[str], key: SigningKey, expected: Expectation, now: datetime) -> Identity:
    claims = _signed(token, key)
    _check_parties(claims, expected)
    _check_times(claims, now.timestamp())
    if expected.is_nonce_known or expected.nonce is not None:
        _check_nonce(claims, expected.nonce)
    is_verified = claims.email_verified in (True, "true")
    return Identity(
        claims.sub,
        _address(claims.email) if is_verified else None,
        _fitting(_NAME, claims.name),
    )


def _signed(token: Secret[str], key: SigningKey) -> _Claims:
    try:
        payload = _JWS.decode(token.get_secret_value(), key.key, algorithms=[key.algorithm])
        return _Claims.model_validate_json(payload)
    except PyJWTError:
        raise WrongToken("signature") from None
    except ValidationError as wrong:
        # The names of our own fields, never what stands in them.
        raise WrongToken(f"claim {wrong.errors(include_input=False)[0]['loc'][0]}") from None


def _check_parties(claims: _Claims, expected: Expectation) -> None:
    if claims.iss not in expected.issuers:
        raise WrongToken("issuer")
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if expected.client_id not in audience:
        raise WrongToken("audience")
    if len(audience) > 1 and claims.azp != expected.client_id:
        raise WrongToken("authorized party")


def _check_times(claims: _Claims, now: float) -> None:
    if now >= claims.exp + LEEWAY_SECONDS:
        raise WrongToken("expired")
    if max(claims.iat, claims.nbf or claims.iat) > now + LEEWAY_SECONDS:
        raise WrongToken("not yet")


def _check_nonce(claims: _Claims, nonce: Secret[str] | None) -> None:
    wanted = "" if nonce is None else nonce.get_secret_value()
    if not hmac.compare_digest((claims.nonce or "").encode(), wanted.encode()):
        raise WrongToken("nonce")


def _address(email: str | None) -> str | None:
    # Letters beyond ASCII fold into others: an address with a Kelvin sign is somebody else's, and
    # would be found under the one with a k.
    return _fitting(_EMAIL, email) if email is not None and email.isascii() else None


def _fitting(kind: TypeAdapter[str], text: str | None) -> str | None:
    """As far as it can stand in an account of ours: what people call themselves is no lie."""
    try:
        return None if text is None else kind.validate_python(text)
    except ValidationError:
        return None
