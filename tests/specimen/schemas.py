"""The wire of notes: a feature that exists only to show, and to test, how features are made."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from api.media.schemas import UploadedFile
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field
from api.ws.declare import Command, Event
from tests.specimen.notes import Note

NoteId = Annotated[str, id_field("n")]
Words = Annotated[str, Field(min_length=1, max_length=200, examples=["Buy bread"])]


class WriteNote(Wire):
    """A note to write."""

    words: Words
    stars: Annotated[int, Field(ge=0, le=5)] = 0
    due: datetime | None = None


class ScanNote(Wire):
    """A note on paper, photographed: up to 64 KiB."""

    file: UploadedFile
    title: Annotated[str, Field(max_length=20)] = ""
    stars: Annotated[int, Field(ge=0, le=5)] = 0


class ChangeNote(Wire):
    """What may be changed of a note."""

    words: Words


class NoteOut(Wire):
    """A note."""

    id: Annotated[NoteId, SERVER_MADE]
    words: Words
    stars: Annotated[int, SERVER_MADE]
    created_at: Annotated[Timestamp, SERVER_MADE]

    @classmethod
    def of(cls, note: Note) -> Self:
        return cls(id=note.id, words=note.words, stars=note.stars, created_at=note.created_at)


class NotesQuery(PageQuery):
    """Which notes."""

    at_least: Annotated[int, Field(ge=0, le=5)] = 0


class Say(Command):
    """Something to be said to everybody."""

    words: Words


class Said(Event, type="said"):
    """Somebody said something."""

    words: Words
