"""The right to run the cluster of one folder.

A lock of the kernel and not a file with a number in it: it ends with the process that holds it,
however that ends.
"""

import fcntl
import os
from pathlib import Path

from store.embedded.errors import ClusterInUse


class FolderLock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode().strip()
            os.close(file)
            raise ClusterInUse(
                f"{self._path.parent} is in use by process {holder}: stop that one first, "
                "or choose another folder with HEARTH_DATA_DIR"
            ) from None
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        if self._file is None:
            return
        # Said and not left to `close`: a child that was forked meanwhile has the file open too.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)
        self._file = None
