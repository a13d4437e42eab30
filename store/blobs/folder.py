"""Blobs in a local folder: `ab/ab12…`, written under `incoming/` first.

File systems have no asynchronous calls, so every one is made in a thread. A thread goes on when the
task that waits for it is cancelled; a draft therefore has a lock, and is dropped in a thread too.
"""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import ParamSpec, Self, TypeVar

from store.blobs import (
    LEFT_BEHIND_AFTER,
    PIECE_BYTES,
    Blob,
    NoSuchBlob,
    Stat,
    WrongStorage,
    checked_key,
    checked_range,
    new_key,
    pieces,
    prove,
)
from store.outage import Outage

_P = ParamSpec("_P")
_T = TypeVar("_T")

# Nobody but the server's own account.
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700

_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}


class FolderBlobs:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    def __repr__(self) -> str:
        return f"<FolderBlobs {self._folder}>"

    async def __aenter__(self) -> Self:
        await self._in_thread(self._make_folders)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing stays open between calls."""

    async def write(self, stream: AsyncIterator[bytes], *, content_type: str, limit: int) -> Blob:
        """The content type is the database's to know: a folder keeps bytes only."""
        key = new_key()
        draft = _Draft(self._incoming / key, self._path(key))
        try:
            async with aclosing(pieces(stream, PIECE_BYTES, limit)) as all_pieces:
                async for piece in all_pieces:
                    await self._in_thread(draft.add, piece)
            await self._in_thread(draft.keep)
        except BaseException:
            # Shielded: a second cancellation must not leave a half-written file behind.
            await asyncio.shield(asyncio.to_thread(draft.drop))
            raise
        return Blob(key, draft.digest.hexdigest(), draft.bytes)

    async def read(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        path = self._path(key)
        checked_range(start, end)
        size = (await self.stat(key)).bytes
        end = size if end is None else min(end, size)
        while start < end:
            # Opened anew for each piece: a slow reader holds no file.
            piece = await self._of_blob(_read, path, start, min(end - start, PIECE_BYTES))
            if not piece:
                raise NoSuchBlob(key)
            yield piece
            start += len(piece)

    async def stat(self, key: str) -> Stat:
        return Stat((await self._of_blob(self._path(key).stat)).st_size)

    async def delete(self, key: str) -> None:
        await self._in_thread(_delete, self._path(key))

    async def move(self, key: str) -> str:
        moved = new_key()
        await self._of_blob(_rename, self._path(key), self._path(moved))
        return moved

    async def signed_url(
        self, key: str, seconds: int, *, disposition: str = "attachment"
    ) -> str | None:
        checked_key(key)
        return None

    async def sweep(self, now: datetime) -> int:
        return await self._in_thread(
            _remove_older, self._incoming, (now - LEFT_BEHIND_AFTER).timestamp()
        )

    async def check(self) -> None:
        await prove(self)

    def _path(self, key: str) -> Path:
        # 256 folders: a million blobs are then a few thousand files in each.
        return self._folder / checked_key(key)[:2] / key

    def _make_folders(self) -> None:
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._incoming.mkdir(mode=_FOLDER_MODE, exist_ok=True)

    async def _of_blob(self, work: Callable[_P, _T], *arguments: _P.args, **more: _P.kwargs) -> _T:
        """Work on a blob that should be there."""
        try:
            return await self._in_thread(work, *arguments, **more)
        except WrongStorage as wrong:
            if isinstance(wrong.__cause__, FileNotFoundError):
                raise NoSuchBlob from None
            raise

    async def _in_thread(
        self, work: Callable[_P, _T], *arguments: _P.args, **more: _P.kwargs
    ) -> _T:
        try:
            return await asyncio.to_thread(work, *arguments, **more)
        except OSError as error:
            raise self._named(error) from error

    def _named(self, error: OSError) -> Outage:
        reason = f"The folder for blobs, {self._folder}, can't be used ({error.strerror})."
        if error.errno in _NOT_OURS:
            return WrongStorage(
                f"{reason} Let the server's account write to it, or set HEARTH_DATA_DIR."
            )
        return Outage(f"{reason} Make room on its disk, and look after its health.")


class _Draft:
    """A file that is being written. Each method is called in a thread, in whatever order."""

    def __init__(self, path: Path, final_path: Path) -> None:
        self.bytes = 0
        self.digest = sha256()
        self._path = path
        self._final_path = final_path
        self._file: int | None = None
        self._lock = Lock()
        self._dropped = False

    def add(self, piece: bytes) -> None:
        with self._lock:
            file = self._open()
            left = memoryview(piece)
            while left:
                left = left[os.write(file, left) :]
            self.digest.update(piece)
            self.bytes += len(piece)

    def keep(self) -> None:
        """Give the file its name, once it is on the disk; then see the name on the disk, too."""
        with self._lock:
            os.fsync(self._open())
            self._close()
            _rename(self._path, self._final_path)

    def drop(self) -> None:
        """Leave nothing, whatever came before, and whatever comes late."""
        with self._lock:
            self._dropped = True
            self._close()
            # On a broken disk this fails as what came before did, which is what counts.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
                self._final_path.unlink(missing_ok=True)

    def _open(self) -> int:
        if self._dropped:
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            self._file = os.open(self._path, flags, _FILE_MODE)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _read(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def _rename(path: Path, new_path: Path) -> None:
    new_path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    path.rename(new_path)
    _sync_folder(new_path.parent)


def _delete(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        return
    # What somebody deleted must not come back with a power cut.
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _remove_older(folder: Path, moment: float) -> int:
    removed = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # it was kept or dropped at this very moment
            if path.stat().st_mtime < moment:
                path.unlink()
                removed += 1
    return removed
