"""The one-time link that the first start prints, for whoever runs the server."""

import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.schema import Base


class SetupLinkRow(Base):
    __tablename__ = "setup_links"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


async def take_turns(tx: Transaction) -> None:
    """One server or admin at a time: links are made as long as nobody is here, and used once."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.setup_link'))"))


async def make(tx: Transaction) -> str:
    """A new token; the ones before it open nothing any more."""
    await take_turns(tx)
    token = f"setup_{secrets.token_urlsafe(32)}"
    await tx.execute(delete(SetupLinkRow))
    await tx.execute(insert(SetupLinkRow).values(token_hash=_hash(token), created_at=tx.now))
    return token


async def newest(db: Reading) -> str | None:
    """The fingerprint of the link that holds now, if there is one."""
    known = await db.scalar(select(SetupLinkRow.token_hash))
    return None if known is None else known.hex()


async def forget(tx: Transaction) -> None:
    """There is an admin now: no link opens anything any more."""
    await tx.execute(delete(SetupLinkRow))


def fingerprint(token: str) -> str:
    return _hash(token).hex()


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
