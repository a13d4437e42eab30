"""A key service as a plug-in reaches it: `HEARTH_KEY_PROVIDER=tests.support.key_service:provider`.

Its keys follow from their ids, so that every process that asks finds the same ones.
"""

from collections.abc import Mapping
from hashlib import sha256

from store.cipher import Cipher, DoesNotOpen
from store.master_key import KeyProvider


class Refused(Exception):
    """The service's own error, which nobody outside knows."""


class RemoteKeys:
    def __init__(self, current: str, *, away: bool = False) -> None:
        self.current = current
        self.away = away

    async def wrap(self, key_id: str, plain: bytes, context: bytes) -> bytes:
        return self._key(key_id).seal(plain, context)

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._key(key_id).open(wrapped, context)
        except DoesNotOpen:
            raise Refused("arn:secret-looking-words") from None

    def _key(self, key_id: str) -> Cipher:
        if self.away or not key_id.startswith("service/"):
            raise Refused("arn:secret-looking-words")
        return Cipher(sha256(key_id.encode()).digest())


def provider(environment: Mapping[str, str]) -> KeyProvider:
    return RemoteKeys(environment["KEY_SERVICE_CURRENT"], away="KEY_SERVICE_AWAY" in environment)


def broken(environment: Mapping[str, str]) -> KeyProvider:
    raise Refused("the password is hunter2")


def useless(environment: Mapping[str, str]) -> object:
    return object()
