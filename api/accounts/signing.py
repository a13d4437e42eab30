"""The keys that sign access tokens: several at a time, so that a new one takes over unnoticed."""

from datetime import timedelta

from store.database import Database, Transaction
from store.envelope import Envelope, StandingKey

_KIND = "token_signing"
_RENEWED_AFTER = timedelta(days=30)
# The longest life that a token may be given by the settings, and a day for what is slow.
_KEPT_FOR = _RENEWED_AFTER + timedelta(days=31)


class SigningKeys:
    def __init__(self, db: Database, envelope: Envelope) -> None:
        self._db = db
        self._envelope = envelope

    async def read(self) -> list[StandingKey]:
        """All that tokens may be signed by; the first is made when there is none."""
        async with self._db.read() as db:
            keys = await self._envelope.keys_of_kind(db, _KIND)
        if keys:
            return keys
        async with self._db.begin() as tx:
            return [await self._envelope.standing_key(tx, _KIND)]

    async def renew(self, tx: Transaction) -> dict[str, int]:
        """Make a new key in its time, and forget those by which no living token is signed."""
        keys = await self._envelope.keys_of_kind(tx, _KIND)
        made = 0
        if not keys or keys[-1].created_at + _RENEWED_AFTER <= tx.now:
            await self._envelope.make_key(tx, _KIND)
            made = 1
        old = [key for key in keys[:-1] if key.created_at + _KEPT_FOR <= tx.now]
        for key in old:
            await self._envelope.forget(tx, key.id)
        return {"made": made, "forgotten": len(old)}
