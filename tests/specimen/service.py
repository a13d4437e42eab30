"""The rules of notes."""

from api.errors import NotFound
from store.database import Reading, Transaction
from tests.specimen import notes
from tests.specimen.notes import Note
from tests.specimen.schemas import WriteNote


async def write(tx: Transaction, body: WriteNote) -> Note:
    return await scan(tx, body.words, body.stars)


async def scan(tx: Transaction, words: str, stars: int) -> Note:
    note = await notes.add(tx, words, stars)
    tx.created(note.id)
    return note


async def access_note(db: Reading, note_id: str) -> Note:
    note = await notes.find(db, note_id)
    if note is None:
        raise NotFound
    return note
