"""One envelope for all that is secret.

A record is sealed under a random key of its own, and that key lies in the database wrapped by the
master key, which does not. What a ciphertext belongs to (record and owner) is bound into it: it
opens in no other place. Forgetting the key is forgetting the record.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from store.cipher import IV_BYTES, Cipher, DoesNotOpen, context
from store.database import Reading, Transaction
from store.keys import SERVER_SECRET, Key, KeyRow, Keys
from store.master_key import KeyProvider
from store.master_keys import MasterKeys
from store.person_keys import PersonKey, PersonKeys

__all__ = ["DoesNotOpen", "Envelope", "PersonKey", "Sealed", "StandingKey"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a record keeps in the place of its secret."""

    key_id: str
    iv: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StandingKey:
    """A secret of the server's own, the same for all servers."""

    id: str
    created_at: datetime
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, key: Key) -> Self:
        return cls(key.identity.id, key.created_at, key.secret)


class Envelope:
    def __init__(self, provider: KeyProvider) -> None:
        self._master_keys = MasterKeys(provider)
        self._keys = Keys(self._master_keys)
        self._people = PersonKeys(self._keys)

    def __repr__(self) -> str:
        return "Envelope(…)"

    async def establish(self, tx: Transaction) -> None:
        """At the start: raises WrongMasterKey where the database's is not known here."""
        await self._master_keys.establish(tx)

    async def keep_up(self, db: Reading) -> None:
        """Again and again: learns a new master key while a rotation lasts."""
        await self._master_keys.keep_up(db)

    async def seal(
        self, tx: Transaction, plain: bytes, *, kind: str, record: str, owner: str | None
    ) -> Sealed:
        """Seal it under a new key; whoever seals a record anew forgets the old one."""
        key = await self._keys.make(tx, kind, owner)
        sealed = Cipher(key.secret).seal(plain, context("record", record, owner))
        return Sealed(key.identity.id, sealed[:IV_BYTES], sealed[IV_BYTES:])

    async def open(self, db: Reading, sealed: Sealed, *, record: str, owner: str | None) -> bytes:
        """Raises DoesNotOpen."""
        for key in await self._keys.read(db, KeyRow.id == sealed.key_id):
            return Cipher(key.secret).open(
                sealed.iv + sealed.ciphertext, context("record", record, owner)
            )
        raise DoesNotOpen

    async def forget(self, tx: Transaction, key_id: str) -> None:
        """Destroy a key: what was sealed under it opens no more."""
        await self._keys.forget(tx, KeyRow.id == key_id)

    async def person_key(self, tx: Transaction, user_id: str) -> PersonKey:
        """The person's key, made at first need."""
        return (await self._people.make(tx, [user_id]))[user_id]

    async def make_person_keys(
        self, tx: Transaction, user_ids: Collection[str]
    ) -> Mapping[str, PersonKey]:
        """The key of each, made at first need.

        Somebody who was erased gets one that is kept nowhere: nobody will read what it seals.
        """
        return await self._people.make(tx, user_ids)

    async def person_keys(self, db: Reading, user_ids: Collection[str]) -> Mapping[str, PersonKey]:
        """The keys of those who have one and were not erased."""
        return await self._people.living(db, user_ids)

    async def destroy_person_key(self, tx: Transaction, user_id: str) -> None:
        """Erase the person, for good: from all that was sealed under their key, and with every
        other key that was made for them."""
        await self._people.destroy(tx, user_id)

    async def standing_key(self, tx: Transaction, kind: str) -> StandingKey:
        """The one key of its kind, made once for all servers."""
        return StandingKey.of(await self._keys.make_once(tx, kind))

    async def server_secret(self, tx: Transaction) -> bytes:
        """The secret that signs cookies, cursors and links, where none is configured."""
        return (await self.standing_key(tx, SERVER_SECRET)).secret

    async def make_key(self, tx: Transaction, kind: str) -> StandingKey:
        """One more key of a kind of which there are several."""
        return StandingKey.of(await self._keys.make(tx, kind))

    async def keys_of_kind(self, db: Reading, kind: str) -> list[StandingKey]:
        """Oldest first."""
        return [StandingKey.of(key) for key in await self._keys.read(db, KeyRow.kind == kind)]
