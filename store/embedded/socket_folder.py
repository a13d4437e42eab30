"""Where the socket lies: in the cluster's folder if its path is short enough for a socket."""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from store.embedded.access import PORT
from store.embedded.account import Account
from store.embedded.errors import FolderClosed

# What the kernel takes (`sun_path` less its final zero).
LONGEST = 107


def choose(home: Path) -> Path:
    """The same answer for all who ask: commands find a running server by it.

    That rules out $TMPDIR and $XDG_RUNTIME_DIR, which differ between a terminal and a service,
    and the latter goes when its user logs out, whoever still works in it.
    """
    folder = home / "run"
    path = os.fsencode(folder / f".s.PGSQL.{PORT}")
    # The client library reads a comma as the end of one host and the start of another.
    if len(path) <= LONGEST and b"," not in path:
        return folder
    place = Path("/run")
    if not os.access(place, os.W_OK):
        place = Path("/tmp")  # noqa: S108 - `prepare` refuses what another user put there
    return place / f"hearth-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"


def prepare(folder: Path, account: Account) -> None:
    """Make the folder; one that is there already must be as if we had made it.

    In a folder for everyone somebody else may have come first, to be taken for the database.
    """
    with suppress(FileExistsError):
        account.own(folder)
    found = folder.lstat()
    if (found.st_mode, found.st_uid) != (stat.S_IFDIR | 0o700, account.uid):
        raise FolderClosed(f"{folder} is not the private folder of {account.name}: remove it")


def remove(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
