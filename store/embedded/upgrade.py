"""From one major version to the next, on a copy.

The new folder gets its name only when `pg_upgrade` is done with it. Until then, and after any
failure, the old data is the cluster's data as if nothing had happened.
"""

import shutil
from pathlib import Path

from store.embedded.access import PORT, SUPERUSER, write_rules
from store.embedded.account import Account
from store.embedded.errors import ProgramFailed, UpgradeFailed
from store.embedded.generation import Generation
from store.embedded.programs import Programs


def upgrade(
    old: Generation,
    programs: Programs,
    account: Account,
    *,
    socket_folder: Path,
    log: Path,
    durable: bool,
) -> Generation:
    """`old` must have been shut down in good order. `pg_upgrade` brings its locale along."""
    new = Generation.make(account.home, programs, account, durable=durable)
    for generation in (old, new):
        write_rules(account, generation.data)
    # pg_upgrade leaves a script in the folder it is called in.
    desk = account.own(new.folder / "upgrade")
    command = [
        new.program("pg_upgrade", account),
        *("--old-bindir", account.sees(old.folder / "bin")),
        *("--new-bindir", account.sees(new.folder / "bin")),
        *("--old-datadir", account.sees(old.data), "--new-datadir", account.sees(new.data)),
        *("--socketdir", account.sees(socket_folder), "--username", SUPERUSER),
        *("--old-port", str(PORT), "--new-port", str(PORT), "--copy"),
    ]
    try:
        account.run(command if durable else [*command, "--no-sync"], cwd=desk)
    except ProgramFailed as failure:
        log.write_text(failure.output)
        raise UpgradeFailed(
            f"PostgreSQL {old.major}'s data could not be brought to version {programs.major} and "
            f"is as it was: {log} says why; until that is mended, use the former release of Hearth"
        ) from failure
    shutil.rmtree(desk)
    return new.settle()
