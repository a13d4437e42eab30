"""Notes over HTTP."""

from hashlib import sha256

from aiohttp import web

from api import paging
from api.access import ADMINS, MEMBERS
from api.idempotency import begin
from api.keys import DB
from api.multipart import MULTIPART
from api.routing import OPEN, Endpoints
from api.wire import Page
from tests.specimen import notes, service
from tests.specimen.schemas import ChangeNote, NoteOut, NotesQuery, ScanNote, WriteNote

endpoint = Endpoints("Notes")


async def read_again(request: web.Request, note_id: str) -> NoteOut:
    async with request.app[DB].read() as db:
        return NoteOut.of(await service.access_note(db, note_id))


@endpoint.post(
    "/notes",
    body=WriteNote,
    returns=NoteOut,
    status=201,
    roles=MEMBERS,
    limit="messages",
    again=read_again,
)
async def write_note(request: web.Request, body: WriteNote) -> NoteOut:
    """Write a note."""
    async with begin(request) as tx:
        note = await service.write(tx, body)
    return NoteOut.of(note)


@endpoint.post(
    "/notes/scans",
    body=ScanNote,
    consumes=MULTIPART,
    largest=64 * 1024,
    returns=NoteOut,
    status=201,
    roles=MEMBERS,
    again=read_again,
)
async def scan_note(request: web.Request, body: ScanNote) -> NoteOut:
    """Note what a file is by its digest."""
    digest = sha256(b"".join([piece async for piece in body.file.pieces()]))
    async with begin(request) as tx:
        note = await service.scan(tx, f"{body.title}{digest.hexdigest()}", body.stars)
    return NoteOut.of(note)


@endpoint.post("/notes/blank", returns=NoteOut, status=201, roles=MEMBERS, again=read_again)
async def write_blank(request: web.Request) -> NoteOut:
    """Write a note that says nothing yet."""
    async with begin(request) as tx:
        note = await service.write(tx, WriteNote(words="…"))
    return NoteOut.of(note)


@endpoint.get("/notes", query=NotesQuery, returns=Page[NoteOut], roles=MEMBERS)
async def list_notes(request: web.Request, query: NotesQuery) -> Page[NoteOut]:
    """The notes, oldest first."""
    behind = paging.after(request, query)
    async with request.app[DB].read() as db:
        rows = await notes.page(db, query.at_least, behind[0] if behind else None, query.limit + 1)
    page, following = paging.cut(request, query, rows, lambda note: [note.id])
    return Page[NoteOut](items=[NoteOut.of(note) for note in page], next=following)


@endpoint.get("/notes/{id}", returns=NoteOut, roles=MEMBERS)
async def read_note(request: web.Request) -> NoteOut:
    """A note."""
    return await read_again(request, request.match_info["id"])


@endpoint.patch("/notes/{id}", body=ChangeNote, returns=NoteOut, roles=ADMINS)
async def change_note(request: web.Request, body: ChangeNote) -> NoteOut:
    """Change a note's words, in the answer only."""
    note = await read_again(request, request.match_info["id"])
    return note.model_copy(update={"words": body.words})


@endpoint.delete("/notes/{id}", returns=None, status=204, roles=ADMINS)
async def forget_note(request: web.Request) -> None:
    """Pretend to forget a note."""
    await read_again(request, request.match_info["id"])


@endpoint.post("/api/door", returns=None, status=204, roles=OPEN, limit="auth")
async def knock(request: web.Request) -> None:
    """Knock, as one of the older families."""


@endpoint.get("/broken", returns=NoteOut, roles=OPEN)
async def fail(request: web.Request) -> NoteOut:
    """Break, as a bug would."""
    raise RuntimeError("SELECT secret FROM /etc/passwd")


@endpoint.get("/flagged", returns=None, status=204, roles=OPEN, flag="billing")
async def flagged(request: web.Request) -> None:
    """There only when the flag is on."""
