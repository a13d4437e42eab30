"""One-time links with which somebody sets a new password."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id
from store.schema import Base

LIFE = timedelta(hours=1)


class ResetLinkRow(Base):
    __tablename__ = "reset_links"

    # One for each person: a newer link takes the place of the one before.
    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]


async def make(tx: Transaction, user_id: str) -> str:
    token = secrets.token_urlsafe(32)
    values = {"token_hash": _hash(token), "expires_at": tx.now + LIFE}
    await tx.execute(
        insert(ResetLinkRow)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=[ResetLinkRow.user_id], set_=values)
    )
    return token


async def whose(db: Reading, token: str) -> str | None:
    """Whose link it is, as long as it is good for anything."""
    found: str | None = await db.scalar(
        select(ResetLinkRow.user_id).where(
            ResetLinkRow.token_hash == _hash(token), ResetLinkRow.expires_at > db.now
        )
    )
    return found


async def use(tx: Transaction, token: str) -> str | None:
    """Whose link it was; it serves nobody again. None: it is unknown, used or too old."""
    used = await tx.execute(
        delete(ResetLinkRow)
        .where(ResetLinkRow.token_hash == _hash(token))
        .returning(ResetLinkRow.user_id, ResetLinkRow.expires_at)
    )
    row = used.one_or_none()
    return None if row is None or row.expires_at <= tx.now else row.user_id


async def sweep(tx: Transaction) -> int:
    swept = await tx.execute(delete(ResetLinkRow).where(ResetLinkRow.expires_at <= tx.now))
    return swept.rowcount


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
