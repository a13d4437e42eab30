"""Turning the master key: everything that lies under an older one is wrapped anew under another.

Servers go on meanwhile. The steps come in this order, each is a transaction of its own, and each
finds out from the database what is done already; so a rotation that was killed at any point is run
again, even with yet another key:

1. `begin`: the new key becomes the current one, and bridges join it with the one before
   (`store/master_keys.py`). From here on either key opens everything.
2. `rewrap`: what lies under older keys comes under the current one, a few at a time.
3. `wait_for_servers`: each looks for a new key every second, and learns it over the bridge.
4. `finish`: the bridges and the older keys go, if nothing is left under those.

Before 4 the new key is put where servers find it when they start. Sooner would do no harm, because
either key opens everything until then; after it, a server that starts could find the old one only,
and with it nothing.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, select, text, update

from store import master_keys
from store.cipher import DoesNotOpen
from store.clock import Clock
from store.database import Database, Transaction
from store.keys import DESTROYED, Identity, KeyRow
from store.master_key import LocalMasterKey, WrongMasterKey
from store.master_keys import MasterKeyRow, MasterKeys, Wrapped

Tell = Callable[[int, int], None]

_LOCK = "hashtext('hearth.keys.rotate')"
# Rows that are held at a time: whoever wants to destroy one of them waits for the rest.
_BATCH = 100
# Several times what a running server takes to look, for one that is busy.
_SERVERS_TAKE = timedelta(seconds=5)

_LIES_UNDER_AN_OLDER_ONE = and_(
    KeyRow.master_key_id != DESTROYED,
    KeyRow.master_key_id.not_in(select(MasterKeyRow.id).where(MasterKeyRow.is_current)),
)


class AnotherRotation(Exception):
    """One is under way at this moment."""


class StuckKey(Exception):
    """A key that no master key known here unwraps."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


@asynccontextmanager
async def alone(db: Database) -> AsyncIterator[None]:
    """Be the only rotation; raises AnotherRotation."""
    # The lock is the connection's: it is given up when the process is killed.
    async with db.read() as held:
        if not await held.scalar(text(f"SELECT pg_try_advisory_lock({_LOCK})")):
            raise AnotherRotation
        try:
            yield
        finally:
            await held.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))


class Rotation:
    def __init__(self, db: Database, clock: Clock, keys: MasterKeys) -> None:
        """`keys` know the current master key."""
        self._db = db
        self._clock = clock
        self._keys = keys

    async def under_way(self) -> LocalMasterKey | None:
        """The new key of a rotation that was begun and not finished."""
        async with self._db.read() as db:
            known = await master_keys.current(db)
            if known is None or not await master_keys.has_bridges(db):
                return None
            return await self._keys.local(db, known.id)

    async def begin(self, new: LocalMasterKey | None) -> bool:
        """Make this key the current one or, without it, the one that the provider names.

        False: it is that already.
        """
        if new is not None:
            self._keys.add(new)
        new_id = self._keys.newest if new is None else new.current
        async with self._db.begin() as tx:
            # Before the lock: a key service may take its time.
            proof = await self._keys.prove(tx, new_id)
            await master_keys.lock(tx)
            known = await master_keys.current(tx)
            if known is not None and known.id == new_id:
                return False
            old = None if known is None else await self._keys.local(tx, known.id)
            if old is not None and new is not None:
                await master_keys.build_bridges(tx, old, new)
            await master_keys.make_current(tx, new_id, proof)
        return True

    async def rewrap(self, tell: Tell) -> None:
        done, of = 0, await self._left()
        after: list[ColumnElement[bool]] = []
        while batch := await self._rewrap(*after, limit=_BATCH, skip_locked=True):
            after = [KeyRow.id > batch[-1]]
            done += len(batch)
            tell(done, max(done, of))
        # What others hold is waited for singly: who holds many and waits for one may deadlock.
        while batch := await self._rewrap(limit=1, skip_locked=False):
            done += len(batch)
            tell(done, max(done, of))

    async def wait_for_servers(self) -> None:
        async with self._db.read() as db:
            if not await master_keys.has_bridges(db):
                return
            known = await master_keys.current(db)
        assert known is not None
        left = known.since + _SERVERS_TAKE - self._clock.now()
        if left > timedelta(0):
            await self._clock.sleep(min(left, _SERVERS_TAKE).total_seconds())

    async def finish(self) -> bool:
        """False: there are keys again that lie under an older master key."""
        async with self._db.begin() as tx:
            await master_keys.lock(tx)
            if await tx.scalar(select(KeyRow.id).where(_LIES_UNDER_AN_OLDER_ONE).limit(1)):
                return False
            await master_keys.leave_only_current(tx)
        return True

    async def _left(self) -> int:
        async with self._db.read() as db:
            lying = select(func.count()).select_from(KeyRow).where(_LIES_UNDER_AN_OLDER_ONE)
            return await db.scalar(lying) or 0

    async def _rewrap(
        self, *which: ColumnElement[bool], limit: int, skip_locked: bool
    ) -> list[str]:
        """The ids of those that lie under the current key now."""
        async with self._db.begin() as tx:
            current = await master_keys.hold_current(tx)
            assert current is not None
            rows = await tx.execute(
                select(KeyRow.id, KeyRow.kind, KeyRow.owner, KeyRow.master_key_id, KeyRow.wrapped)
                .where(_LIES_UNDER_AN_OLDER_ONE, *which)
                .order_by(KeyRow.id)
                .limit(limit)
                .with_for_update(skip_locked=skip_locked)
            )
            done = []
            for row in rows:
                identity = Identity(row.id, row.kind, row.owner)
                wrapped = Wrapped(row.master_key_id, row.wrapped)
                anew = await self._anew(tx, identity, wrapped, current)
                await tx.execute(
                    update(KeyRow).where(KeyRow.id == identity.id).values(**anew._asdict())
                )
                done.append(identity.id)
            return done

    async def _anew(
        self, tx: Transaction, identity: Identity, wrapped: Wrapped, current: str
    ) -> Wrapped:
        try:
            secret = await self._keys.unwrap(tx, wrapped, identity.context)
        except (DoesNotOpen, WrongMasterKey):
            raise StuckKey(identity.id) from None
        return Wrapped(current, await self._keys.wrap_under(tx, current, secret, identity.context))
