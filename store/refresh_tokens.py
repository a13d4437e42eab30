"""Refresh tokens: each serves once and gives the next; who comes with an old one is a thief.

A client that lost the answer is no thief. Until one of its successors is used, and for a minute at
most, the token before is answered once more, with another successor: a sibling. The first sibling
that is used ends the others.

Every change happens under the lock of its session's row, so that two requests with one token follow
each other.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id
from store.schema import Base

GRACE = timedelta(seconds=60)
MOST_SIBLINGS = 4


class RefreshTokenRow(Base):
    __tablename__ = "refresh_tokens"

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(
        Id("s"), ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    # The token that it was given for; null: it came of signing in.
    parent: Mapped[bytes | None] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]
    # A sibling was used instead.
    passed_over: Mapped[bool]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token as it is kept: by its hash."""

    hash: bytes
    session_id: str
    parent: bytes | None
    expires_at: datetime
    used_at: datetime | None
    used_by: str | None
    passed_over: bool


_TOKEN = tuple(getattr(RefreshTokenRow, name) for name in RefreshToken.__slots__)


async def issue(
    tx: Transaction, session_id: str, expires_at: datetime, *, parent: RefreshToken | None = None
) -> str:
    """A new token, in the only copy there is."""
    token = secrets.token_urlsafe(32)
    await tx.execute(
        insert(RefreshTokenRow).values(
            hash=_hash(token),
            session_id=session_id,
            parent=parent.hash if parent else None,
            expires_at=expires_at,
            passed_over=False,
        )
    )
    return token


async def find(db: Reading, token: str) -> RefreshToken | None:
    query = select(*_TOKEN).where(RefreshTokenRow.hash == _hash(token))
    row = (await db.execute(query)).one_or_none()
    return None if row is None else RefreshToken(*row)


async def use(tx: Transaction, token: RefreshToken, user_agent: str | None) -> None:
    """The first use of a token, which ends its siblings."""
    await tx.execute(
        update(RefreshTokenRow)
        .where(RefreshTokenRow.hash == token.hash)
        .values(used_at=tx.now, used_by=user_agent)
    )
    if token.parent is not None:
        await tx.execute(
            update(RefreshTokenRow)
            .where(RefreshTokenRow.parent == token.parent, RefreshTokenRow.hash != token.hash)
            .values(passed_over=True)
        )


async def may_be_repeated(tx: Transaction, token: RefreshToken, user_agent: str | None) -> bool:
    """Whether a used token comes from a client that lost the answer to its first use."""
    if token.passed_over or token.used_at is None or token.used_by != user_agent:
        return False
    if tx.now - token.used_at > GRACE:
        return False
    given, used = (
        await tx.execute(
            select(func.count(), func.count(RefreshTokenRow.used_at)).where(
                RefreshTokenRow.parent == token.hash
            )
        )
    ).one()
    return given < MOST_SIBLINGS and not used


async def sweep(tx: Transaction) -> int:
    """Forget those that are too old for anything: nobody is caught by them any more."""
    swept = await tx.execute(delete(RefreshTokenRow).where(RefreshTokenRow.expires_at <= tx.now))
    return swept.rowcount


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
