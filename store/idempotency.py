"""What was answered to a request that carried an `Idempotency-Key`.

The row is written in the transaction that makes the thing, so there is no moment in which one
exists without the other. A request that is still running holds an advisory lock for as long as its
transaction lives: a crash lets go of it, and no claim is ever left behind.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import Index, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Transaction
from store.schema import Base

KEPT_FOR = timedelta(hours=24)


class IdempotencyKeyRow(Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    object_id: Mapped[str]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Claim:
    """One request's claim to be the first with its key."""

    user_id: str
    method: str
    path: str
    key: str
    digest: bytes


class StillRunning(Exception):
    """The first request with this key has not been answered yet."""


class Mismatch(Exception):
    """The key was used for another body."""


async def take(tx: Transaction, claim: Claim) -> str | None:
    """The id of what this request has made already; None gives it the right to make it."""
    if not await tx.scalar(select(func.pg_try_advisory_xact_lock(_lock_number(claim)))):
        raise StillRunning
    row = (
        await tx.execute(
            select(IdempotencyKeyRow.digest, IdempotencyKeyRow.object_id).where(
                IdempotencyKeyRow.user_id == claim.user_id,
                IdempotencyKeyRow.method == claim.method,
                IdempotencyKeyRow.path == claim.path,
                IdempotencyKeyRow.key == claim.key,
                IdempotencyKeyRow.created_at > tx.now - KEPT_FOR,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(row.digest, claim.digest):
        raise Mismatch
    object_id: str = row.object_id
    return object_id


async def keep(tx: Transaction, claim: Claim, object_id: str) -> None:
    # A row that is still here has outlived its day: its place is taken.
    answer = {"digest": claim.digest, "object_id": object_id, "created_at": tx.now}
    key = {
        "user_id": claim.user_id,
        "method": claim.method,
        "path": claim.path,
        "key": claim.key,
    }
    await tx.execute(
        insert(IdempotencyKeyRow)
        .values(**key, **answer)
        .on_conflict_do_update(index_elements=list(key), set_=answer)
    )


async def forget(tx: Transaction, user_id: str) -> None:
    await tx.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.user_id == user_id))


async def sweep(tx: Transaction) -> int:
    """Forget what is older than a day."""
    swept = await tx.execute(
        delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at <= tx.now - KEPT_FOR)
    )
    return swept.rowcount


def _lock_number(claim: Claim) -> int:
    name = f"{claim.user_id}\0{claim.method}\0{claim.path}\0{claim.key}"
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
