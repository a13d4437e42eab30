"""Everything that is held about somebody, as one ZIP."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from api.accounts.personal_data.belongings import Belongings
from store.database import Database

_PIECE = 256 * 1024
# Beyond this it lies on the disk: an archive with films in it fits into no memory.
_IN_MEMORY = 1024 * 1024


@asynccontextmanager
async def archive(
    database: Database, belongings: Belongings, user_id: str
) -> AsyncIterator[AsyncGenerator[bytes, None]]:
    """The archive's bytes, for as long as the block lasts; the database is asked no more by then.

    Who reads them slowly holds none of its connections.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        zipped = ZipFile(file, "w", ZIP_DEFLATED)
        async with database.read() as db:
            for part in belongings.parts:
                held = await part.collect(db, user_id)
                await asyncio.to_thread(zipped.writestr, f"{part.name}.json", _json(held))
                for name, pieces in (await part.files(db, user_id)).items():
                    await _add(zipped, f"{part.name}/{name}", pieces)
        await asyncio.to_thread(zipped.close)
        await asyncio.to_thread(file.seek, 0)
        yield _read(file)


async def _add(zipped: ZipFile, name: str, pieces: AsyncIterator[bytes]) -> None:
    entry = await asyncio.to_thread(zipped.open, name, "w", force_zip64=True)
    async for piece in pieces:
        await asyncio.to_thread(entry.write, piece)
    await asyncio.to_thread(entry.close)


async def _read(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece


def _json(held: Any) -> str:
    return json.dumps(held, ensure_ascii=False, indent=2, default=_spell)


def _spell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
