"""Which master key is the current one here, and how one leads to the next.

Every wrap reads the current key `FOR SHARE` in the transaction that stores what was wrapped, and
another key becomes current only under a lock that excludes that. So once it is current, nothing is
wrapped under an older one any more, on any server.

While a rotation lasts (`store/rotation.py`), the old key lies here wrapped under the new one, and
the new one under the old: *bridges*. Over the one, servers that run learn the new key; over the
other, a server that is started with the new key reads what still lies under the old.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Index, delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.cipher import DoesNotOpen, context
from store.database import Reading, Transaction
from store.master_key import KeyProvider, LocalMasterKey, WrongMasterKey
from store.schema import Base

_PROOF = b"hearth"


class MasterKeyRow(Base):
    __tablename__ = "master_keys"
    __table_args__ = (
        Index(
            "uq_master_keys_current",
            "is_current",
            unique=True,
            postgresql_where=text("is_current"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    is_current: Mapped[bool]
    # Known words, wrapped under the key: whoever can't unwrap them has another one. Empty for the
    # key of a database that is older than this table, until somebody who has it comes along.
    proof: Mapped[bytes]
    changed_at: Mapped[datetime]


class BridgeRow(Base):
    __tablename__ = "master_key_bridges"

    under: Mapped[str] = mapped_column(primary_key=True)
    leads_to: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]


class Current(NamedTuple):
    id: str
    proof: bytes
    since: datetime


class Wrapped(NamedTuple):
    master_key_id: str
    wrapped: bytes


async def current(db: Reading) -> Current | None:
    row = (
        await db.execute(
            select(MasterKeyRow.id, MasterKeyRow.proof, MasterKeyRow.changed_at).where(
                MasterKeyRow.is_current
            )
        )
    ).one_or_none()
    return None if row is None else Current(*row)


async def hold_current(tx: Transaction) -> str | None:
    """The current key's id; it stays the current one until this transaction has ended."""
    return await tx.scalar(
        select(MasterKeyRow.id).where(MasterKeyRow.is_current).with_for_update(read=True)
    )


async def lock(tx: Transaction) -> None:
    """Wait for all who hold the current key, and keep out those who want to.

    A lock on the table, because locks on a row are not handed out in turn: where there are always
    some who share it, whoever wants it alone waits for ever.
    """
    await tx.execute(text("LOCK TABLE master_keys IN EXCLUSIVE MODE"))


async def make_current(tx: Transaction, key_id: str, proof: bytes) -> None:
    """The caller holds the lock."""
    await tx.execute(
        update(MasterKeyRow)
        .where(MasterKeyRow.is_current)
        .values(is_current=False, changed_at=tx.now)
    )
    values = {"is_current": True, "proof": proof, "changed_at": tx.now}
    await tx.execute(
        insert(MasterKeyRow)
        .values(id=key_id, **values)
        .on_conflict_do_update(index_elements=[MasterKeyRow.id], set_=values)
    )


async def _keep_proof(tx: Transaction, key_id: str, proof: bytes) -> None:
    await tx.execute(update(MasterKeyRow).where(MasterKeyRow.id == key_id).values(proof=proof))


async def build_bridges(tx: Transaction, one: LocalMasterKey, other: LocalMasterKey) -> None:
    """Let each of two keys lead to the other."""
    for under, leads_to in ((one, other), (other, one)):
        bound = _bridge_context(under.current, leads_to.current)
        await tx.execute(
            insert(BridgeRow)
            .values(
                under=under.current,
                leads_to=leads_to.current,
                wrapped=await under.wrap(under.current, leads_to.secret, bound),
            )
            .on_conflict_do_nothing()
        )


async def has_bridges(db: Reading) -> bool:
    return bool(await db.scalar(select(exists().select_from(BridgeRow))))


async def leave_only_current(tx: Transaction) -> None:
    """From here on an older key opens nothing. The caller holds the lock."""
    await tx.execute(delete(BridgeRow))
    await tx.execute(delete(MasterKeyRow).where(MasterKeyRow.is_current.is_(False)))


class MasterKeys:
    """The master keys that this process can use: its provider's, and where bridges lead from it."""

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        self._learnt: dict[str, LocalMasterKey] = {}
        self._proven: str | None = None

    def __repr__(self) -> str:
        return "MasterKeys(…)"

    @property
    def newest(self) -> str:
        """The provider's own choice, whatever is current in the database."""
        return self._provider.current

    def add(self, key: LocalMasterKey) -> None:
        self._learnt[key.current] = key

    async def establish(self, tx: Transaction) -> None:
        """See that the current key is known here; a new database begins with the provider's.

        Raises WrongMasterKey.
        """
        known = await current(tx)
        if known is None:
            await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.master_keys'))"))
            known = await current(tx)
        if known is None:
            await make_current(tx, self.newest, await self.prove(tx, self.newest))
        elif not known.proof:
            await _keep_proof(tx, known.id, await self.prove(tx, known.id))
        else:
            await self._check(tx, known)

    async def keep_up(self, db: Reading) -> None:
        """Learn a new key while a rotation lasts, and let go of the old one once it is over.

        Raises WrongMasterKey where this process missed it: that one has to be started anew.
        """
        known = await current(db)
        if known is None:
            return
        if known.id != self._proven:
            await self._check(db, known)
        if self._learnt and not await has_bridges(db):
            self._provider = self._learnt.get(known.id, self._provider)
            self._learnt = {}

    async def wrap(self, tx: Transaction, plain: bytes, bound: bytes) -> Wrapped:
        """Wrap under the current key, for a row that this transaction writes."""
        key_id = await hold_current(tx)
        if key_id is None:
            await self.establish(tx)
            key_id = await hold_current(tx)
            assert key_id is not None
        return Wrapped(key_id, await self.wrap_under(tx, key_id, plain, bound))

    async def wrap_under(self, db: Reading, key_id: str, plain: bytes, bound: bytes) -> bytes:
        """The caller sees to it that this key is, and stays, the current one."""
        holder = await self._holder(db, key_id)
        return await holder.wrap(key_id, plain, bound)

    async def unwrap(self, db: Reading, wrapped: Wrapped, bound: bytes) -> bytes:
        """Raises DoesNotOpen, or WrongMasterKey."""
        holder = await self._holder(db, wrapped.master_key_id)
        return await holder.unwrap(wrapped.master_key_id, wrapped.wrapped, bound)

    async def prove(self, db: Reading, key_id: str) -> bytes:
        """Known words under the key, which were seen to come back."""
        bound = context("master key", key_id)
        proof = await self.wrap_under(db, key_id, _PROOF, bound)
        if await self.unwrap(db, Wrapped(key_id, proof), bound) != _PROOF:
            raise WrongMasterKey(f"the master key {key_id} does not give back what it wrapped")
        return proof

    async def local(self, db: Reading, key_id: str) -> LocalMasterKey | None:
        """The key itself, where this process has it."""
        holder = await self._holder(db, key_id)
        return holder if isinstance(holder, LocalMasterKey) else None

    async def _check(self, db: Reading, known: Current) -> None:
        try:
            said = await self.unwrap(
                db, Wrapped(known.id, known.proof), context("master key", known.id)
            )
        except DoesNotOpen:
            said = b""
        if said != _PROOF:
            raise WrongMasterKey(f"the master key given here is not {known.id}")
        self._proven = known.id

    async def _holder(self, db: Reading, key_id: str) -> KeyProvider:
        if not self._knows(key_id):
            await self._cross_bridges(db)
        return self._learnt.get(key_id, self._provider)

    async def _cross_bridges(self, db: Reading) -> None:
        """Learn every key that bridges lead to, one after the other, from those known here."""
        rows = await db.execute(select(BridgeRow.under, BridgeRow.leads_to, BridgeRow.wrapped))
        ahead = [row for row in rows if not self._knows(row.leads_to)]
        while bridge := next((row for row in ahead if self._knows(row.under)), None):
            ahead.remove(bridge)
            holder = self._learnt.get(bridge.under, self._provider)
            bound = _bridge_context(bridge.under, bridge.leads_to)
            try:
                secret = await holder.unwrap(bridge.under, bridge.wrapped, bound)
            except DoesNotOpen:
                raise WrongMasterKey(f"the bridge to {bridge.leads_to} does not open") from None
            self.add(LocalMasterKey(secret))

    def _knows(self, key_id: str) -> bool:
        return key_id == self._provider.current or key_id in self._learnt


def _bridge_context(under: str, leads_to: str) -> bytes:
    return context("bridge", under, leads_to)
