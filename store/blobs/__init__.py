"""Blobs: what people upload, kept under names that say nothing and that nobody can guess.

What a blob is, whose it is and who may see it stands in the database; here are only its bytes. They
never change: another version is another blob. A blob is written before the row that names it is
committed, and deleted after the row is gone, so a crash leaves at worst a blob that no row names.
"""

import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from store.outage import Outage

# Pieces in which blobs are read: few enough calls, and little memory for each reader.
PIECE_BYTES = 256 * 1024
# No upload takes so long, so what is still half-written by then was left behind by a crash.
LEFT_BEHIND_AFTER = timedelta(days=1)

_KEY = re.compile(r"[0-9a-f]{48}")


class NoSuchBlob(Exception):
    """It was deleted or moved, or never was."""


class WrongKey(ValueError):
    """The text names no blob: keys come from `write` and `move` only."""


class TooLarge(Exception):
    """The stream has more bytes than it may have. Nothing of it is kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit:,} bytes")
        self.limit = limit


class WrongStorage(Outage):
    """It is there, but not as configured: waiting won't help. The message says what will."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What was written; the digest is in hexadecimal."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Stat:
    bytes: int


class Blobs(Protocol):
    """Used in `async with`. Everything but `signed_url` raises Outage when the storage is away."""

    async def write(self, stream: AsyncIterator[bytes], *, content_type: str, limit: int) -> Blob:
        """Keep a stream under a new key, whole or not at all; raises TooLarge.

        Memory stays flat, however long the stream. Once this returns, a power cut loses nothing.
        """

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to but not including `end`, as far as there are any.

        Raises NoSuchBlob; also in the middle, if the blob goes away then. Who stops before the end
        closes it (`aclosing`).
        """

    async def stat(self, key: str) -> Stat:
        """Raises NoSuchBlob."""

    async def delete(self, key: str) -> None:
        """Fine as well if it is gone already."""

    async def move(self, key: str) -> str:
        """Give a blob a new key, so that nothing that was signed for the old one works any more.

        Raises NoSuchBlob.
        """

    async def signed_url(
        self, key: str, seconds: int, *, disposition: str = "attachment"
    ) -> str | None:
        """Where anybody can get the blob for this long; None: only through the server.

        `disposition` is the `Content-Disposition` of the answer.
        """

    async def sweep(self, now: datetime) -> int:
        """Remove what writes left behind that a crash cut off long ago, and return how many."""

    async def check(self) -> None:
        """Write, read and remove a small blob; raises Outage, or WrongStorage with advice."""


def new_key() -> str:
    # Lower-case letters only: some file systems can't tell them from capitals.
    return secrets.token_hex(24)


def checked_key(key: str) -> str:
    """Whatever reaches a path or an address is a key, and nothing else."""
    if not _KEY.fullmatch(key):
        raise WrongKey(f"{key[:60]!r} is no key of a blob")
    return key


def checked_range(start: int, end: int | None) -> None:
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"no range: {start} to {end}")


async def pieces(
    stream: AsyncIterator[bytes], size: int, limit: int
) -> AsyncGenerator[bytes, None]:
    """The stream in pieces of at least this size, but for the last; raises TooLarge."""
    total = 0
    waiting: list[bytes] = []
    waiting_bytes = 0
    async for chunk in stream:
        total += len(chunk)
        if total > limit:
            raise TooLarge(limit)
        waiting.append(chunk)
        waiting_bytes += len(chunk)
        if waiting_bytes >= size:
            yield b"".join(waiting)
            waiting.clear()
            waiting_bytes = 0
    if waiting_bytes:
        yield b"".join(waiting)


async def prove(blobs: Blobs) -> None:
    """What `check` does, on any storage."""
    written = secrets.token_bytes(64)

    async def stream() -> AsyncIterator[bytes]:
        yield written

    blob = await blobs.write(stream(), content_type="application/octet-stream", limit=len(written))
    try:
        found = b"".join([piece async for piece in blobs.read(blob.key)])
    except NoSuchBlob:
        found = b""
    finally:
        await blobs.delete(blob.key)
    if found != written:
        raise WrongStorage("The storage does not give back what was written to it.")
