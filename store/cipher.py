"""AES-256-GCM: the one cipher for all that is kept sealed."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
# Random, and safe for 2**32 messages under one key (NIST SP 800-38D, 8.3): a record's key seals
# one, and neither a person's nor a master key comes anywhere near.
IV_BYTES = 12


class DoesNotOpen(Exception):
    """It was sealed for something else or altered, or its key has been destroyed."""


class Cipher:
    """One key. What it seals is the IV and, behind it, ciphertext and tag."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def seal(self, plain: bytes, context: bytes) -> bytes:
        iv = os.urandom(IV_BYTES)
        return iv + self._aead.encrypt(iv, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises DoesNotOpen, unless it was sealed under this key in this very context."""
        try:
            return self._aead.decrypt(sealed[:IV_BYTES], sealed[IV_BYTES:], context)
        except (InvalidTag, ValueError):
            raise DoesNotOpen from None


def new_secret() -> bytes:
    return os.urandom(KEY_BYTES)


def context(*parts: str | None) -> bytes:
    """What a ciphertext belongs to, so spelt that no two lists of parts read the same."""
    return b"".join(map(_spelt, parts))


def _spelt(part: str | None) -> bytes:
    if part is None:
        return b"\x00"
    raw = part.encode()
    return b"\x01" + len(raw).to_bytes(8, "big") + raw
