"""Who somebody of this house is to the providers that vouch for them."""

from datetime import datetime

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id
from store.schema import Base


class IdentityRow(Base):
    __tablename__ = "identities"

    provider: Mapped[str] = mapped_column(primary_key=True)
    # The provider's name for the person, which stays when their address changes.
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    linked_at: Mapped[datetime]


async def hold(tx: Transaction, provider: str, subject: str) -> str | None:
    """Whose identity it is. Until this is committed nobody else can say that it is theirs."""
    name = func.hashtextextended(f"hearth.identity.{provider}.{subject}", 0)
    await tx.execute(select(func.pg_advisory_xact_lock(name)))
    owner: str | None = await tx.scalar(
        select(IdentityRow.user_id).where(
            IdentityRow.provider == provider, IdentityRow.subject == subject
        )
    )
    return owner


async def of(db: Reading, user_id: str) -> list[dict[str, str]]:
    """By which providers somebody signs in."""
    rows = await db.execute(
        select(IdentityRow.provider, IdentityRow.subject).where(IdentityRow.user_id == user_id)
    )
    return [{"provider": provider, "subject": subject} for provider, subject in rows]


async def link(tx: Transaction, provider: str, subject: str, user_id: str) -> None:
    """To be asked for by whoever holds it and has found that it is nobody's."""
    await tx.execute(
        insert(IdentityRow).values(
            provider=provider, subject=subject, user_id=user_id, linked_at=tx.now
        )
    )
