"""One envelope for all that is secret.

A record is sealed under a random key of its own, and that key lies in the database wrapped by the
master key, which does not. What a ciphertext belongs to (record and owner) is bound into it: it
opens in no other place. Forgetting the key is forgetting the record.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from store.database import Reading, Transaction
from store.ids import new_id
from store.keys import KeyRow, MasterKey

_IV_BYTES = 12
_KEY_BYTES = 32
_PERSON = "person"


class DoesNotOpen(Exception):
    """It was sealed for something else or altered, or its key has been destroyed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    key_id: str
    iv: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StandingKey:
    """A secret of the server's own, the same for all servers."""

    id: str
    created_at: datetime
    secret: bytes = field(repr=False)


class PersonKey:
    """What is personal about somebody is sealed under it; without it, that is gone."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "PersonKey(…)"

    def seal(self, plain: bytes, context: bytes) -> bytes:
        iv = os.urandom(_IV_BYTES)
        return iv + self._cipher.encrypt(iv, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises DoesNotOpen."""
        try:
            return self._cipher.decrypt(sealed[:_IV_BYTES], sealed[_IV_BYTES:], context)
        except (InvalidTag, ValueError):
            raise DoesNotOpen from None


class Envelope:
    def __init__(self, master_key: MasterKey) -> None:
        self._master_key = master_key

    def __repr__(self) -> str:
        return "Envelope(…)"

    async def seal(
        self, tx: Transaction, plain: bytes, *, kind: str, record: str, owner: str | None
    ) -> Sealed:
        key_id, key = await self._make(tx, kind, owner)
        iv = os.urandom(_IV_BYTES)
        return Sealed(key_id, iv, AESGCM(key).encrypt(iv, plain, _bound_to(record, owner)))

    async def open(self, db: Reading, sealed: Sealed, *, record: str, owner: str | None) -> bytes:
        """Raises DoesNotOpen."""
        wrapped = await db.scalar(select(KeyRow.wrapped).where(KeyRow.id == sealed.key_id))
        if wrapped is None:
            raise DoesNotOpen
        key = self._master_key.unwrap(wrapped, sealed.key_id.encode())
        try:
            return AESGCM(key).decrypt(sealed.iv, sealed.ciphertext, _bound_to(record, owner))
        except (InvalidTag, ValueError):
            raise DoesNotOpen from None

    async def forget(self, tx: Transaction, key_id: str) -> None:
        """Destroy a key: what was sealed under it opens no more."""
        await tx.execute(delete(KeyRow).where(KeyRow.id == key_id))

    async def person_key(self, tx: Transaction, user_id: str) -> PersonKey:
        """The person's key, made at first need."""
        return (await self.make_person_keys(tx, [user_id]))[user_id]

    async def make_person_keys(
        self, tx: Transaction, user_ids: Collection[str]
    ) -> Mapping[str, PersonKey]:
        """The key of each, made at first need.

        In the order of the ids: two transactions that need the same two don't wait crosswise.
        """
        keys: dict[str, PersonKey] = {}
        for user_id in sorted(set(user_ids)):
            await _take_turns(tx, f"hearth.person_key.{user_id}")
            known = (await self.person_keys(tx, [user_id])).get(user_id)
            keys[user_id] = known or PersonKey((await self._make(tx, _PERSON, user_id))[1])
        return keys

    async def person_keys(self, db: Reading, user_ids: Collection[str]) -> Mapping[str, PersonKey]:
        """The keys of those who have one and were not erased."""
        rows = await db.execute(
            select(KeyRow.id, KeyRow.owner, KeyRow.wrapped).where(
                KeyRow.kind == _PERSON, KeyRow.owner.in_(set(user_ids))
            )
        )
        return {
            row.owner: PersonKey(self._master_key.unwrap(row.wrapped, row.id.encode()))
            for row in rows
        }

    async def destroy_person_key(self, tx: Transaction, user_id: str) -> None:
        """Erase the person from all that was sealed under their key."""
        await tx.execute(delete(KeyRow).where(KeyRow.kind == _PERSON, KeyRow.owner == user_id))

    async def standing_key(self, tx: Transaction, kind: str) -> StandingKey:
        """The one key of its kind, made once for all servers."""
        await _take_turns(tx, f"hearth.{kind}")
        keys = await self.keys_of_kind(tx, kind)
        return keys[0] if keys else await self.make_key(tx, kind)

    async def make_key(self, tx: Transaction, kind: str) -> StandingKey:
        """One more key of a kind of which there are several."""
        key_id, key = await self._make(tx, kind, None)
        return StandingKey(key_id, tx.now, key)

    async def keys_of_kind(self, db: Reading, kind: str) -> list[StandingKey]:
        """Oldest first."""
        rows = await db.execute(
            select(KeyRow.id, KeyRow.created_at, KeyRow.wrapped)
            .where(KeyRow.kind == kind)
            .order_by(KeyRow.created_at, KeyRow.id)
        )
        return [
            StandingKey(
                row.id, row.created_at, self._master_key.unwrap(row.wrapped, row.id.encode())
            )
            for row in rows
        ]

    async def _make(self, tx: Transaction, kind: str, owner: str | None) -> tuple[str, bytes]:
        key = os.urandom(_KEY_BYTES)
        key_id = new_id("k", tx.now)
        await tx.execute(
            insert(KeyRow).values(
                id=key_id,
                kind=kind,
                owner=owner,
                wrapped=self._master_key.wrap(key, key_id.encode()),
                master_key_id=self._master_key.id,
                created_at=tx.now,
            )
        )
        return key_id, key


async def _take_turns(tx: Transaction, name: str) -> None:
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))


def _bound_to(record: str, owner: str | None) -> bytes:
    """Each part with its length before it: no two pairs read the same."""
    parts = ["record", record] if owner is None else ["owned record", record, owner]
    raw = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in raw)
