"""The file that a master key lies in, for its owner's eyes only.

It is never written in place: a whole new file takes its name at once, and both file and folder are
on the disk before anything rests on them.
"""

import os
import secrets
from pathlib import Path

from store.master_key import LocalMasterKey

_MODE = 0o600


class MasterKeyFile:
    """All of it waits for the disk: call it from a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> LocalMasterKey | None:
        """None where there is no file; raises NoMasterKey where it holds something else."""
        try:
            return LocalMasterKey.read(self._path.read_bytes())
        except FileNotFoundError:
            return None

    def make(self) -> LocalMasterKey:
        """At the first start; of two servers that start at once the second takes the first's."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        _write(draft, LocalMasterKey.random())
        try:
            os.link(draft, self._path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        _sync(self._path.parent)
        return LocalMasterKey.read(self._path.read_bytes())

    def draft(self, key: LocalMasterKey) -> None:
        """Lay the next key beside the file: whatever is in the way of it is found now."""
        place = self._path.resolve()
        draft = _beside(place)
        draft.unlink(missing_ok=True)
        present = self.read()
        if present is not None and present.current == key.current:
            return
        _write(draft, key)
        # Root may turn a key that belongs to the server's user, who has to read it afterwards.
        owned_by = place.stat()
        os.chown(draft, owned_by.st_uid, owned_by.st_gid)
        _sync(place.parent)

    def replace(self) -> None:
        """Put what was drafted in the file's place, unless it had come there already."""
        # A link stays one, and what it leads to is replaced.
        place = self._path.resolve()
        draft = _beside(place)
        if draft.exists():
            draft.replace(place)
            _sync(place.parent)


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}.new")


def _write(path: Path, key: LocalMasterKey) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w") as file:
        file.write(f"{key.written()}\n")
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
