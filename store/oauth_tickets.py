"""People for whom a provider has vouched, and who have five minutes for their second factor."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id
from store.schema import Base

LIFE = timedelta(minutes=5)


class OauthTicketRow(Base):
    __tablename__ = "oauth_tickets"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    provider: Mapped[str]
    subject: Mapped[str]
    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    # The browser that came back with it; null: no browser was sent.
    browser: Mapped[bytes | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class OauthTicket:
    provider: str
    subject: str = field(repr=False)
    user_id: str
    browser: bytes | None = field(default=None, repr=False)


async def keep(tx: Transaction, token: str, ticket: OauthTicket) -> None:
    await tx.execute(
        insert(OauthTicketRow)
        .values(
            token_hash=_hash(token),
            provider=ticket.provider,
            subject=ticket.subject,
            user_id=ticket.user_id,
            browser=ticket.browser,
            expires_at=tx.now + LIFE,
        )
        # A provider that takes a code twice gets nobody a longer time for it.
        .on_conflict_do_nothing()
    )


async def find(db: Reading, token: str) -> OauthTicket | None:
    """The ticket, which may be shown again until it was used: codes are mistyped."""
    row = (
        await db.execute(
            select(
                OauthTicketRow.provider,
                OauthTicketRow.subject,
                OauthTicketRow.user_id,
                OauthTicketRow.browser,
            ).where(OauthTicketRow.token_hash == _hash(token), OauthTicketRow.expires_at > db.now)
        )
    ).one_or_none()
    return None if row is None else OauthTicket(*row)


async def use(tx: Transaction, token: str) -> bool:
    """Whether this is its first use."""
    used = await tx.execute(delete(OauthTicketRow).where(OauthTicketRow.token_hash == _hash(token)))
    return bool(used.rowcount)


async def sweep(tx: Transaction) -> int:
    """Forget what nobody came back for."""
    swept = await tx.execute(delete(OauthTicketRow).where(OauthTicketRow.expires_at <= tx.now))
    return swept.rowcount


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
