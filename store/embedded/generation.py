"""One major version's folder: a data folder and, beside it, the programs that made it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from store.embedded.access import SUPERUSER
from store.embedded.account import Account
from store.embedded.programs import Programs

# The builtin provider's order and letters are the same on every machine, while those of the
# system's library change with it and spoil indexes silently. `--locale` is for what asks the
# library even so: the parser of the text search, which under plain C takes quotation marks and
# emoji for letters.
LOCALE = (
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C.UTF-8",
    "--lc-messages=C",
)

SET_ASIDE = ".kept-until-"


@dataclass(frozen=True)
class Generation:
    folder: Path

    @classmethod
    def all_in(cls, home: Path) -> list["Generation"]:
        """The oldest first; a folder has its plain number only once it is whole."""
        return sorted(
            (cls(folder) for folder in home.glob("*") if folder.name.isdecimal()),
            key=lambda generation: generation.major,
        )

    @classmethod
    def make(
        cls,
        home: Path,
        programs: Programs,
        account: Account,
        *,
        durable: bool,
        locale: Sequence[str] = LOCALE,
    ) -> "Generation":
        """An empty cluster under a passing name; `settle` gives it its own."""
        new = cls(home / f"{programs.major}.new")
        shutil.rmtree(new.folder, ignore_errors=True)
        new.folder.mkdir()
        new.folder.chmod(0o755)
        programs.keep_in(new.folder)
        account.own(new.data)
        initdb = [
            new.program("initdb", account),
            *("--pgdata", account.sees(new.data), "--username", SUPERUSER),
            *("--encoding=UTF8", *locale, "--data-checksums"),
            *("--auth-local=peer", "--auth-host=reject"),
        ]
        account.run(initdb if durable else [*initdb, "--no-sync"])
        return new

    def settle(self) -> "Generation":
        settled = self.folder.with_suffix("")
        self.folder.rename(settled)
        home = os.open(settled.parent, os.O_DIRECTORY)
        os.fsync(home)
        os.close(home)
        return Generation(settled)

    def set_aside(self, until: date) -> None:
        """Keep an old generation for a while, under a name that tells people how long."""
        self.folder.rename(self.folder.with_name(f"{self.folder.name}{SET_ASIDE}{until}"))

    @property
    def major(self) -> int:
        return int(self.folder.name)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def program(self, name: str, account: Account) -> str:
        return account.sees(self.folder / "bin" / name)


def remove_expired(home: Path, today: date) -> list[str]:
    """Remove the generations whose time is over, and name them.

    They may not stay for ever: what somebody has erased since is still in them.
    """
    expired = []
    for folder in home.glob(f"*{SET_ASIDE}*"):
        major, _, until = folder.name.partition(SET_ASIDE)
        # As text, so that whoever renames the folder to keep it longer may write what they like.
        if until < today.isoformat():
            shutil.rmtree(folder)
            expired.append(major)
    return expired
