"""How this server proves to a provider that it is the client that it says it is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Secret

# It is made for one request; what is left over is for clocks that differ.
_LASTS = timedelta(minutes=5)


class ClientSecret(Protocol):
    def at(self, now: datetime) -> Secret[str]: ...


@dataclass(frozen=True, slots=True)
class AgreedSecret:
    """Google's way: a password, handed out at registration."""

    secret: Secret[str]

    def at(self, now: datetime) -> Secret[str]:
        return self.secret


@dataclass(frozen=True, slots=True)
class SignedSecret:
    """Apple's way: a token signed with a key that was handed out at registration."""

    team_id: str
    key_id: str
    client_id: str
    audience: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def at(self, now: datetime) -> Secret[str]:
        claims = {
            "iss": self.team_id,
            "sub": self.client_id,
            "aud": self.audience,
            "iat": now,
            "exp": now + _LASTS,
        }
        return Secret(jwt.encode(claims, self.key, "ES256", headers={"kid": self.key_id}))


class WrongKeyFile(Exception):
    """The file can't be used; the message says why and what would do."""


def read_signing_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise WrongKeyFile(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise WrongKeyFile(f"{path} is not the .p8 file that Apple gives out with the key id")
    return key
