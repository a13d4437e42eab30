"""The user that PostgreSQL runs as, and how its programs are run as that user.

PostgreSQL refuses to run as root, so under root it runs as a user who cannot log in. That user
may be unable to reach the data folder (a checkout below a closed home), and opening folders that
are not ours is no answer. There its programs get a private view of the file system instead, in
which the cluster's folder, and nothing else of that home, is mounted at a place they can enter.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from store.embedded.errors import AccountMissing, FolderClosed, ProgramFailed

PREFERRED = ("hearth", "nobody")

# Every Linux has this folder, and what the private view hides behind it PostgreSQL does not need:
# nothing has to be made, guarded against other users or cleaned up.
MOUNT_POINT = Path("/mnt")
MOUNT = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'

# The caller's own PGHOST, PGOPTIONS, LANG or TZ must not reach the cluster.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int
    home: Path
    """The cluster's folder, as we see it."""
    view: Path
    """The same folder, as the account's programs see it."""

    @classmethod
    def choose(cls, home: Path, owner: int | None) -> "Account":
        """The owner of the data once there is any: PostgreSQL serves only its own user's data."""
        user = _caller() if os.geteuid() else _servant(owner)
        refusals = []
        for view in (home, MOUNT_POINT):
            account = cls(user.pw_name, user.pw_uid, user.pw_gid, home, view)
            try:
                account.run(["test", "-x", str(view / ".")])
            except ProgramFailed as refusal:
                refusals.append(refusal.output.strip().partition("\n")[0] or "closed")
            else:
                return account
        raise FolderClosed(
            f"PostgreSQL runs as the user {user.pw_name}, who cannot enter {home} "
            f"({'; by a private mount: '.join(refusals)}): choose another folder with "
            "HEARTH_DATA_DIR (/var/lib/hearth, say), or run hearth as an ordinary user"
        )

    def sees(self, path: Path) -> str:
        """A path of ours in the words of the account's programs."""
        return str(
            self.view / path.relative_to(self.home) if path.is_relative_to(self.home) else path
        )

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` as this account and ends it with the thread that asked.

        None of the steps forks, so the process that is started becomes the program itself.
        """
        command = ["setpriv", "--no-new-privs", "--pdeathsig", "INT"]
        if os.geteuid() == 0:
            command += ["--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups"]
        command += ["--", *argv]
        if self.view == self.home:
            return command
        mount = ["sh", "-c", MOUNT, "sh", str(self.home), str(self.view)]
        return ["unshare", "--mount", "--propagation", "private", "--", *mount, *command]

    def run(self, argv: Sequence[str], *, text: str = "", cwd: Path = Path("/")) -> str:
        """Run a program to its end, with `text` as its input, and return what it said."""
        done = subprocess.run(
            self.command(argv),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=ENVIRONMENT,
            cwd=cwd,
            start_new_session=True,
            check=False,
        )
        if done.returncode:
            raise ProgramFailed(Path(argv[0]).name, done.stdout)
        return done.stdout

    def write(self, path: Path, text: str) -> None:
        """Write a file in the account's own folder.

        By its own hand: what root writes into a folder of another user, that user could lead
        elsewhere by a symbolic link.
        """
        self.run(["tee", "--", self.sees(path)], text=text)

    def own(self, folder: Path) -> Path:
        """Make a folder that is this account's alone."""
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, self.uid, self.gid)
        return folder


def _caller() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        raise AccountMissing(
            f"the user id {os.geteuid()} has no name on this system and PostgreSQL wants one: "
            "add it to /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own"
        ) from None


def _servant(owner: int | None) -> pwd.struct_passwd:
    if owner:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise AccountMissing(
                f"the data belongs to the user id {owner}, which has no name on this system: "
                "add it to /etc/passwd, or chown the data folder to the user hearth"
            ) from None
    for name in PREFERRED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AccountMissing(
        "PostgreSQL does not run as root, and there is no user hearth: "
        "make one with `useradd --system hearth`"
    )
