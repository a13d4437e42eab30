"""Keys that lie in the database, each wrapped by a master key, which does not."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Index, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.cipher import context, new_secret
from store.database import Reading, Transaction
from store.ids import Id, new_id
from store.master_keys import MasterKeys, Wrapped
from store.schema import Base

PERSON = "person"
SERVER_SECRET = "server_secret"  # noqa: S105 - the name of its kind
# In the place of a master key's id: the key was destroyed, and its row is a memorial.
DESTROYED = ""


class KeyRow(Base):
    __tablename__ = "keys"
    __table_args__ = (
        Index("uq_keys_person", "owner", unique=True, postgresql_where=text(f"kind = '{PERSON}'")),
    )

    id: Mapped[str] = mapped_column(Id("k"), primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str | None]
    wrapped: Mapped[bytes]
    master_key_id: Mapped[str]
    created_at: Mapped[datetime]


class Identity(NamedTuple):
    """What a key is, and what its wrapping is bound to: another row's does not open as this one."""

    id: str
    kind: str
    owner: str | None

    @property
    def context(self) -> bytes:
        if self.kind == SERVER_SECRET:
            # As 0.1.0 wraps it: a server of that release may stand beside this one.
            return self.id.encode()
        return context("key", self.id, self.kind, self.owner)


@dataclass(frozen=True, slots=True)
class Key:
    identity: Identity
    created_at: datetime
    secret: bytes = field(repr=False)


class Keys:
    def __init__(self, master_keys: MasterKeys) -> None:
        self._master_keys = master_keys
        self._unwrapped = _Unwrapped()

    async def make(self, tx: Transaction, kind: str, owner: str | None = None) -> Key:
        key = Key(Identity(new_id("k", tx.now), kind, owner), tx.now, new_secret())
        wrapped = await self._master_keys.wrap(tx, key.secret, key.identity.context)
        await tx.execute(
            insert(KeyRow).values(
                **key.identity._asdict(), **wrapped._asdict(), created_at=key.created_at
            )
        )
        return key

    async def make_once(self, tx: Transaction, kind: str, owner: str | None = None) -> Key:
        """The one key of this kind and owner, which whoever comes first makes for all servers."""
        await take_turns(tx, kind, owner)
        present = await self.read(tx, KeyRow.kind == kind, KeyRow.owner.is_not_distinct_from(owner))
        return present[0] if present else await self.make(tx, kind, owner)

    async def read(self, db: Reading, *which: ColumnElement[bool]) -> list[Key]:
        """Oldest first."""
        columns = (KeyRow.id, KeyRow.kind, KeyRow.owner, KeyRow.created_at)
        rows = await db.execute(
            select(*columns, KeyRow.master_key_id, KeyRow.wrapped)
            .where(*which)
            .order_by(KeyRow.created_at, KeyRow.id)
        )
        keys = []
        for row in rows:
            identity = Identity(row.id, row.kind, row.owner)
            secret = await self._unwrap(db, identity, Wrapped(row.master_key_id, row.wrapped))
            keys.append(Key(identity, row.created_at, secret))
        return keys

    async def forget(self, tx: Transaction, *which: ColumnElement[bool]) -> None:
        await tx.execute(delete(KeyRow).where(*which))

    async def _unwrap(self, db: Reading, identity: Identity, wrapped: Wrapped) -> bytes:
        secret = self._unwrapped.get(identity, db.now)
        if secret is None:
            secret = await self._master_keys.unwrap(db, wrapped, identity.context)
            self._unwrapped.put(identity, secret, db.now)
        return secret


class _Unwrapped:
    """Secrets that were unwrapped a moment ago.

    A page of the audit log asks for the same few again and again, and a key service may be slow.
    Whoever asks has read the row just now, so nothing is found here that was destroyed.
    """

    _LIFE = timedelta(minutes=1)
    _MOST = 1000

    def __init__(self) -> None:
        self._secrets: OrderedDict[Identity, tuple[bytes, datetime]] = OrderedDict()

    def get(self, identity: Identity, now: datetime) -> bytes | None:
        secret, until = self._secrets.get(identity, (None, now))
        return secret if now < until else None

    def put(self, identity: Identity, secret: bytes, now: datetime) -> None:
        self._secrets.pop(identity, None)
        self._secrets[identity] = (secret, now + self._LIFE)
        while len(self._secrets) > self._MOST or next(iter(self._secrets.values()))[1] <= now:
            self._secrets.popitem(last=False)


async def take_turns(tx: Transaction, kind: str, owner: str | None) -> None:
    """One at a time for each kind and owner, until the transaction ends."""
    name = f"hearth.{kind}" if owner is None else f"hearth.{kind}.{owner}"
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))
