"""Notes in the database: a noun's table and its queries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id, new_id
from store.schema import Base


class SpecimenBase(DeclarativeBase):
    """Apart from the schema of record: no migration knows of it."""

    type_annotation_map = Base.type_annotation_map


class NoteRow(SpecimenBase):
    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(Id("n"), primary_key=True)
    words: Mapped[str]
    stars: Mapped[int]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    words: str
    stars: int
    created_at: datetime


_NOTE = (NoteRow.id, NoteRow.words, NoteRow.stars, NoteRow.created_at)


async def add(tx: Transaction, words: str, stars: int) -> Note:
    note = Note(new_id("n", tx.now), words, stars, tx.now)
    await tx.execute(
        insert(NoteRow).values(
            id=note.id, words=note.words, stars=note.stars, created_at=note.created_at
        )
    )
    return note


async def find(db: Reading, note_id: str) -> Note | None:
    row = (await db.execute(select(*_NOTE).where(NoteRow.id == note_id))).one_or_none()
    return None if row is None else Note(*row)


async def page(db: Reading, at_least: int, behind: str | None, limit: int) -> list[Note]:
    statement = select(*_NOTE).where(NoteRow.stars >= at_least).order_by(NoteRow.id).limit(limit)
    if behind is not None:
        statement = statement.where(NoteRow.id > behind)
    return [Note(*row) for row in await db.execute(statement)]
