"""PostgreSQL's log, in a file that cannot grow without end."""

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

# Months of a quiet server or the last minutes of a loud one; twice this is kept.
LIMIT = 5 * 1024 * 1024


class BoundedLog:
    """Lines in `path`, with one older file beside it."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._file = self._open()

    def write(self, line: bytes) -> None:
        # A full disk must not stop the database for its log's sake.
        with suppress(OSError):
            if self._file.tell() + len(line) > self._limit:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                full, self._file = self._file, self._open()
                full.close()
            self._file.write(line)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> FileIO:
        return FileIO(self._path, "ab", opener=_privately)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
