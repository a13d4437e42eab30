"""Media: what stands behind each `/media/{id}`. The bytes themselves lie in the storage."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store import jobs
from store.database import Reading, Transaction
from store.ids import Id
from store.schema import Base

# The job that takes out of the storage what no row names any more.
DELETE_BLOBS = "delete_blobs"

# 128 random bits: such an id stands in pages, and must not tell when the thing was made.
_ID_BYTES = 16
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class MediaRow(Base):
    __tablename__ = "media"

    id: Mapped[str] = mapped_column(primary_key=True)
    # Who may see it follows from what it is for.
    purpose: Mapped[str]
    # Without a cascade: rows that go by themselves would leave their blobs behind for good.
    owner_id: Mapped[str] = mapped_column(Id("u"), ForeignKey("users.id"), index=True)
    blob_key: Mapped[str] = mapped_column(unique=True)
    mime: Mapped[str]
    bytes: Mapped[int]
    sha256: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class NewMedia:
    """What lies in the storage, and no row names yet."""

    blob_key: str
    mime: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    id: str
    purpose: str
    owner_id: str
    blob_key: str
    mime: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    created_at: datetime


_MEDIA = tuple(getattr(MediaRow, name) for name in Media.__slots__)


async def add(tx: Transaction, new: NewMedia, *, purpose: str, owner_id: str) -> Media:
    added = await tx.execute(
        insert(MediaRow)
        .values(
            id=secrets.token_urlsafe(_ID_BYTES),
            purpose=purpose,
            owner_id=owner_id,
            created_at=tx.now,
            **{name: getattr(new, name) for name in NewMedia.__slots__},
        )
        .returning(*_MEDIA)
    )
    return Media(*added.one())


async def find(db: Reading, media_id: str) -> Media | None:
    if not _ID.fullmatch(media_id):
        return None
    row = (await db.execute(select(*_MEDIA).where(MediaRow.id == media_id))).one_or_none()
    return None if row is None else Media(*row)


async def of(db: Reading, owner_id: str) -> list[Media]:
    """Everything that somebody ever sent, oldest first."""
    query = select(*_MEDIA).where(MediaRow.owner_id == owner_id).order_by(MediaRow.created_at)
    return [Media(*row) for row in await db.execute(query)]


async def forget(tx: Transaction, media_id: str) -> None:
    """Nobody sees it from now on, and its blob goes as soon as this is committed."""
    await _forget(tx, MediaRow.id == media_id)


async def forget_all(tx: Transaction, owner_id: str) -> None:
    """Everything that somebody ever sent."""
    await _forget(tx, MediaRow.owner_id == owner_id)


async def _forget(tx: Transaction, which: ColumnElement[bool]) -> None:
    keys: Iterable[str] = await tx.scalars(
        delete(MediaRow).where(which).returning(MediaRow.blob_key)
    )
    gone = list(keys)
    if gone:
        await jobs.enqueue(tx, DELETE_BLOBS, {"keys": gone})
