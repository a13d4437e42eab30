"""Keys for what the server signs for itself: cursors, cookies, links, digests."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache


class BadSignature(ValueError):
    """The text was not signed here, or not for this purpose."""


class Keyring:
    """One secret, and a key of its own for every purpose: a signature serves nowhere else."""

    _MAC_BYTES = 16

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        # A purpose is a word of ours and never a client's: there are a handful of them.
        self.derive = lru_cache(maxsize=64)(self._derive)

    def __repr__(self) -> str:
        return "Keyring(…)"

    def _derive(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, f"hearth/{purpose}".encode(), "sha256")

    def sign(self, purpose: str, payload: bytes) -> str:
        mac = hmac.digest(self.derive(purpose), payload, "sha256")[: self._MAC_BYTES]
        return _text(mac + payload)

    def open(self, purpose: str, text: str) -> bytes:
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise BadSignature from None
        # The decoder passes over what it does not know, and one thing has one spelling.
        if _text(raw) != text:
            raise BadSignature
        mac, payload = raw[: self._MAC_BYTES], raw[self._MAC_BYTES :]
        expected = hmac.digest(self.derive(purpose), payload, "sha256")[: self._MAC_BYTES]
        if not hmac.compare_digest(mac, expected):
            raise BadSignature
        return payload


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
