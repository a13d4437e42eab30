"""Recovery codes: what opens in place of a lost authenticator, each of them once."""

import hmac
import secrets

from pydantic import Secret

# Crockford's alphabet: no letter of it is easily taken for another.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TAKEN_FOR = str.maketrans("oil", "011")
# 60 bits. The lock stops guessing at the door after ten tries, and whoever has the database needs
# the factor's secret to even begin.
_GROUPS = 3
_LETTERS = 4
_COUNT = 10


def make_codes() -> list[Secret[str]]:
    return [Secret(_make_code()) for _ in range(_COUNT)]


def fingerprint(secret: bytes, code: str) -> bytes:
    """By what a code is kept; the code as it was typed, without the hyphens.

    A quick hash will do, because codes are random and no person chose them. Its key is the secret
    of the factor that the codes belong to, which lies sealed: they fit nobody else's factor, and
    cannot be tried out on a stolen copy of the table.
    """
    meant = code.lower().translate(_TAKEN_FOR)
    return hmac.digest(secret, meant.encode(errors="replace"), "sha256")


def _make_code() -> str:
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(_GROUPS)
    )
