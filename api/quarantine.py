"""The quarantine: where what people send lies until it is known to do no harm.

A file here has no name. Whatever happens, to the request or to the server, it is gone with the last
who holds it open, and nobody ever has to look for what was left behind.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar, cast

from api.errors import RateLimited
from store.blobs import PIECE_BYTES, pieces
from store.outage import Outage

# As many as a phone sends side by side; more of them would only fill the disk sooner.
_MOST_UNDER_WAY = 4

_P = ParamSpec("_P")
_T = TypeVar("_T")


class QuarantinedFile:
    """File systems have no asynchronous calls, so every one is made in a thread.

    A thread goes on when the task that waits for it is cancelled: the file object's own lock is
    what keeps its last write from meeting the close.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._digest = sha256()
        self._file = file

    async def fill(self, stream: AsyncIterator[bytes], *, limit: int) -> None:
        """Take a stream in; raises TooLarge."""
        async with aclosing(pieces(stream, PIECE_BYTES, limit)) as all_pieces:
            async for piece in all_pieces:
                await _in_thread(self._add, piece)
        await _in_thread(self._file.flush)

    async def head(self, count: int) -> bytes:
        """The first bytes: they tell what it is."""
        return await _in_thread(self._read, 0, count)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        start = 0
        while piece := await _in_thread(self._read, start, PIECE_BYTES):
            yield piece
            start += len(piece)

    def hexdigest(self) -> str:
        """Of what was taken in, in SHA-256."""
        return self._digest.hexdigest()

    def fileno(self) -> int:
        """For the processes that read it, or write it."""
        return self._file.fileno()

    def close(self) -> None:
        # On a full disk this fails as the write before it did, which is what counts.
        with suppress(OSError):
            self._file.close()

    def _add(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(count)


class Quarantine:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way: Counter[str] = Counter()

    @asynccontextmanager
    async def upload(self, sender: str) -> AsyncIterator[QuarantinedFile]:
        """An empty file for what somebody sends: a few at once for each."""
        if self._under_way[sender] >= _MOST_UNDER_WAY:
            raise RateLimited("Wait for one of your uploads to end first.", retry_after=5)
        self._under_way[sender] += 1
        try:
            async with self.file() as file:
                yield file
        finally:
            self._under_way[sender] -= 1
            if not self._under_way[sender]:
                del self._under_way[sender]

    @asynccontextmanager
    async def file(self) -> AsyncIterator[QuarantinedFile]:
        """An empty file, for as long as the block lasts."""
        file = QuarantinedFile(await _in_thread(self._open))
        try:
            yield file
        finally:
            # Shielded: a second cancellation must not leave it open.
            await asyncio.shield(asyncio.to_thread(file.close))

    def _open(self) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cast("BinaryIO", tempfile.TemporaryFile(dir=self._folder))


async def _in_thread(work: Callable[_P, _T], *arguments: _P.args, **more: _P.kwargs) -> _T:
    try:
        return await asyncio.to_thread(work, *arguments, **more)
    except OSError as error:
        raise Outage(
            f"The quarantine in the data folder can't be used ({error.strerror}). Make room on its"
            " disk, and let the server's account write to it."
        ) from error
