"""The keys with which a provider signs, as it publishes them (RFC 7517)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

Algorithm = Literal["RS256", "ES256"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    # Fixed by the key and never by the token, whose maker would choose one that proves nothing.
    algorithm: Algorithm
    key: RSAPublicKey | EllipticCurvePublicKey


class KeySet(BaseModel):
    keys: Annotated[list[dict[str, Any]], Field(max_length=100)]

    def usable(self) -> Mapping[str, SigningKey]:
        """By their ids; keys of other kinds and for other uses are the provider's own affair."""
        found = {}
        for published in self.keys:
            try:
                described = _DESCRIBED.validate_python(published)
                found[described.kid] = described.key()
            except (ValidationError, PyJWTError):
                continue
        return found


class _Key(BaseModel):
    """What is public of a key; should a provider ever publish more, it stays out."""

    kid: str
    use: Literal["sig"] | None = None

    def key(self) -> SigningKey:
        made = PyJWK(self.model_dump())
        algorithm: Any = made.algorithm_name
        return SigningKey(algorithm, made.key)


class _RsaKey(_Key):
    kty: Literal["RSA"]
    alg: Literal["RS256"] = "RS256"
    n: str
    e: str


class _EllipticCurveKey(_Key):
    kty: Literal["EC"]
    alg: Literal["ES256"] = "ES256"
    crv: Literal["P-256"]
    x: str
    y: str


_DESCRIBED: TypeAdapter[_RsaKey | _EllipticCurveKey] = TypeAdapter(
    Annotated[_RsaKey | _EllipticCurveKey, Field(discriminator="kty")]
)
