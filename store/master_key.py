"""A master key: over all keys that lie in the database, and never in it itself.

Who holds it is a `KeyProvider`: this process (`LocalMasterKey`, from the environment or a file), or
a key service elsewhere, by a plug-in (`store/key_service.py`).
"""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Protocol, Self, runtime_checkable

from store.cipher import KEY_BYTES, Cipher, new_secret
from store.outage import Outage


class WrongMasterKey(Outage):
    """What lies in the database was wrapped by a master key that is not known here.

    A server that runs can do nothing about it: started anew with the right key, it will.
    """


class NoMasterKey(ValueError):
    """The text is none."""


@runtime_checkable
class KeyProvider(Protocol):
    """Who wraps and unwraps, with master keys that are named by ids.

    An id is no secret, and comes back from the database, where somebody may have altered it: a
    provider refuses one that it does not know. It may know several, the current key and older ones
    under which there still is something.
    """

    @property
    def current(self) -> str:
        """The key to begin with, and to rotate to."""

    async def wrap(self, key_id: str, plain: bytes, context: bytes) -> bytes:
        """Bound to the context, as associated data: another one must not unwrap it."""

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises DoesNotOpen where it was wrapped in another context, or altered."""


class LocalMasterKey:
    """A master key that lies in this process's memory: a provider that knows one key."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.current = sha256(b"hearth master key id" + secret).hexdigest()[:16]
        self._cipher = Cipher(secret)

    @classmethod
    def random(cls) -> Self:
        return cls(new_secret())

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """From base64; raises NoMasterKey."""
        try:
            secret = b64decode(text.strip(), validate=True)
        except ValueError:
            raise NoMasterKey from None
        if len(secret) != KEY_BYTES:
            raise NoMasterKey
        return cls(secret)

    def written(self) -> str:
        return b64encode(self.secret).decode()

    def __repr__(self) -> str:
        return f"LocalMasterKey({self.current})"

    async def wrap(self, key_id: str, plain: bytes, context: bytes) -> bytes:
        self._refuse_others(key_id)
        return self._cipher.seal(plain, context)

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        self._refuse_others(key_id)
        return self._cipher.open(wrapped, context)

    def _refuse_others(self, key_id: str) -> None:
        if key_id != self.current:
            raise WrongMasterKey(f"the master key {key_id} is not known here")
