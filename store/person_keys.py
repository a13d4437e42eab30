"""The key of each person.

What is personal about them in records that outlive them is sealed under it: destroying it erases
them there.
"""

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from store.cipher import Cipher, new_secret
from store.database import Reading, Transaction
from store.ids import new_id
from store.keys import DESTROYED, PERSON, KeyRow, Keys, take_turns

# What stays of a key once it was destroyed, so that nothing makes the person another one.
_DESTROYED = {"master_key_id": DESTROYED, "wrapped": b""}


class PersonKey(Cipher):
    """What is personal about somebody is sealed under it; without it, that is gone."""


class PersonKeys:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def living(self, db: Reading, user_ids: Collection[str]) -> dict[str, PersonKey]:
        """The keys of those who have one and were not erased."""
        keys = await self._keys.read(
            db,
            KeyRow.kind == PERSON,
            KeyRow.owner.in_(set(user_ids)),
            KeyRow.master_key_id != DESTROYED,
        )
        return {str(key.identity.owner): PersonKey(key.secret) for key in keys}

    async def make(self, tx: Transaction, user_ids: Collection[str]) -> dict[str, PersonKey]:
        """The key of each, made at first need.

        In the order of their ids, so that two transactions that need the same people don't wait
        for each other.
        """
        keys = await self.living(tx, user_ids)
        for user_id in sorted(set(user_ids) - keys.keys()):
            keys[user_id] = await self._make(tx, user_id)
        return keys

    async def _make(self, tx: Transaction, user_id: str) -> PersonKey:
        await take_turns(tx, PERSON, user_id)
        if await self._is_erased(tx, user_id):
            # Kept nowhere: what is still written about somebody who was erased, nobody can read.
            return PersonKey(new_secret())
        return PersonKey((await self._keys.make_once(tx, PERSON, user_id)).secret)

    async def destroy(self, tx: Transaction, user_id: str) -> None:
        await take_turns(tx, PERSON, user_id)
        destroyed = await tx.execute(
            update(KeyRow)
            .where(KeyRow.kind == PERSON, KeyRow.owner == user_id)
            .values(**_DESTROYED)
        )
        if not destroyed.rowcount:
            await tx.execute(
                insert(KeyRow).values(
                    id=new_id("k", tx.now),
                    kind=PERSON,
                    owner=user_id,
                    created_at=tx.now,
                    **_DESTROYED,
                )
            )
        await self._keys.forget(tx, KeyRow.owner == user_id, KeyRow.kind != PERSON)

    async def _is_erased(self, db: Reading, user_id: str) -> bool:
        present = await db.scalar(
            select(KeyRow.id).where(
                KeyRow.kind == PERSON,
                KeyRow.owner == user_id,
                KeyRow.master_key_id == DESTROYED,
            )
        )
        return present is not None
