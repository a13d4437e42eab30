"""An audit log in a database of its own, with the file that knows its heads."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from store.audit import KEY_KIND, AuditLog, Wanted
from store.audit_chain import Chain
from store.audit_entry import Entry
from store.audit_head import HeadFile, HeadKeeper
from store.audit_verify import verify
from store.clock import Clock, SystemClock
from store.database import Database, Message
from store.deeds import Actor
from store.envelope import Envelope
from store.ids import new_id
from store.master_key import LocalMasterKey
from tests.support.clock import START
from tests.support.postgres import Postgres
from tests.support.server import MASTER_KEY

ADMIN = Actor(new_id("u", START), "192.0.2.17")
PERSON = new_id("u", START)


class Audited:
    """A server's half of it: its connections, its envelope and its file."""

    def __init__(self, db: Database, log: AuditLog, envelope: Envelope, folder: Path) -> None:
        self.db = db
        self.log = log
        self.envelope = envelope
        self.file = HeadFile(folder)
        self.keeper = HeadKeeper(db, self.file)
        self.path = folder / "audit.head"

    async def do(self, *actions: str, actor: Actor = ADMIN) -> None:
        """Each action in a transaction of its own, and what the server does afterwards."""
        for action in actions:
            async with self.db.begin(actor) as tx:
                tx.audit(action, "user", PERSON, after={"name": "Mara"}, concerns=PERSON)
            await self.keeper.follow()

    async def entries(self, wanted: Wanted | None = None) -> list[Entry]:
        """The oldest first."""
        async with self.db.read() as db:
            page = await self.log.page(db, wanted or Wanted(), behind=None, limit=1000)
        return page[::-1]

    async def verify(self, *, begun_at: int = 0) -> int:
        heads = await asyncio.to_thread(self.file.read)
        async with self.db.scan() as db:
            (key, *_) = await self.envelope.keys_of_kind(db, KEY_KIND)
            chain = Chain(key.secret)
            return await verify(db, chain, heads, begun_at=begun_at, tell=lambda *_: None)


@asynccontextmanager
async def auditing(
    postgres: Postgres, database_name: str, folder: Path, clock: Clock | None = None
) -> AsyncIterator[Audited]:
    async def nobody_listens(topic: str, message: Message) -> None: ...

    db = Database.connect(
        postgres.application_url(database_name),
        clock=clock or SystemClock(),
        publish=nobody_listens,
    )
    envelope = Envelope(LocalMasterKey(b64decode(MASTER_KEY)))
    audited = Audited(db, await AuditLog.attach(db, envelope), envelope, folder)
    await audited.keeper.follow()
    yield audited
    await db.close()


@pytest.fixture
async def audited(postgres: Postgres, own_database: str, tmp_path: Path) -> AsyncIterator[Audited]:
    async with auditing(postgres, own_database, tmp_path) as audited:
        yield audited
