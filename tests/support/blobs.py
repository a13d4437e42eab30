"""Writing, reading and looking at blobs in as few words as a test has for them."""

from collections.abc import AsyncIterator
from pathlib import Path

from store.blobs import Blob, Blobs

MIB = 1024 * 1024


async def files_below(folder: Path) -> list[str]:
    return [path.name for path in below(folder) if path.is_file()]


def below(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def write(blobs: Blobs, *chunks: bytes, limit: int = 64 * MIB) -> Blob:
    return await blobs.write(stream(*chunks), content_type="image/png", limit=limit)


async def read(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, start, end)])
