"""`audit.head`: what the log's heads have been, in a file that the database cannot reach.

The chain tells of each entry whether it is what was written; that the last ones were cut off, it
cannot tell. The file can: each line is a head, written down after its commit, and vouches for all
entries up to its own. The first line says how long the log was when the file was begun.

A line may be late or missing, after a crash say, for the next one vouches for the same entries.
Hence nothing is forced to the disk, and a line that was torn is passed over.
"""

import asyncio
import fcntl
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import structlog

from store import audit
from store.audit_chain import Head
from store.database import Database

# About 3,000 lines. Beyond that, old lines go whose entries the database still agrees with.
_LARGEST_BYTES = 256 * 1024
_KEPT_LINES = 1000
_LINE = re.compile(rb"([0-9]{1,19}) ([0-9a-f]{64})")
_logger = structlog.get_logger("hearth.admin")


class HeadFile:
    """The file; its calls wait for the disk. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "audit.head"

    def read(self) -> list[Head]:
        try:
            return _parsed(self._path.read_bytes())
        except FileNotFoundError:
            return []

    def append(self, head: Head) -> int:
        """Add a line; gives the file's size."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked() as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.write(b"\n")  # behind a line that was torn
            file.write(_line(head))
            return file.seek(0, os.SEEK_END)

    def drop(self, heads: Collection[Head]) -> None:
        """Take these lines out; a crash leaves the file as it was."""
        dropped = frozenset(heads)
        draft = self._path.with_suffix(".draft")
        with self._locked() as file:
            file.seek(0)
            kept = [head for head in _parsed(file.read()) if head not in dropped]
            with open(draft, "wb", opener=_private) as new:
                new.writelines(map(_line, kept))
                new.flush()
                os.fsync(new.fileno())
            draft.replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        while True:
            with open(self._path, "ab+", opener=_private) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_here(file):
                    yield file
                    return

    def _is_here(self, file: BinaryIO) -> bool:
        """Not, if another file has been put in its place while the lock was waited for."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _line(head: Head) -> bytes:
    return f"{head.number} {head.hash.hex()}\n".encode()


def _parsed(raw: bytes) -> list[Head]:
    lines = (_LINE.fullmatch(line) for line in raw.splitlines())
    return [Head(int(line[1]), bytes.fromhex(line[2].decode())) for line in lines if line]


class HeadKeeper:
    """Writes down where the log ends; asked after each commit and now and then, one at a time."""

    def __init__(self, db: Database, file: HeadFile) -> None:
        self._db = db
        self._file = file
        self._written: Head | None = None

    async def follow(self) -> None:
        """Commits that come faster than the disk share a line."""
        if self._written is None:
            known = await asyncio.to_thread(self._file.read)
            self._written = known[-1] if known else None
        async with self._db.read() as reading:
            head = await audit.head(reading)
        if head == self._written:
            return
        if self._written is not None and head.number < self._written.number:
            _logger.error("audit_log_cut_off", ends=head.number, known=self._written.number)
        size = await asyncio.to_thread(self._file.append, head)
        self._written = head
        if size > _LARGEST_BYTES:
            await self._thin_out()

    async def _thin_out(self) -> None:
        """Drop old lines that a newer one vouches for. What the database contradicts is evidence,
        and stays.
        """
        old = (await asyncio.to_thread(self._file.read))[1:-_KEPT_LINES]
        async with self._db.read() as reading:
            hashes = await audit.hashes(reading, [head.number for head in old])
        agreed = [head for head in old if hashes.get(head.number) == head.hash]
        await asyncio.to_thread(self._file.drop, agreed)
