"""`hearth keys rotate`"""

import argparse
import asyncio
import sys
from getpass import getpass
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import Progress, say
from api.failure import Failed, WrongConfiguration

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from sqlalchemy.engine import URL

    from api.masterkey import Home
    from store.database import Database
    from store.master_key import LocalMasterKey
    from store.master_keys import MasterKeys


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("keys", help="see to the key over all keys")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    rotate = actions.add_parser(
        "rotate",
        help="put a new master key in the place of the one there is",
        description="Wrap every key in the database under a new master key, after which the old"
        " one opens nothing. Servers go on meanwhile. The new key is read from a prompt or from"
        " standard input: 32 bytes in base64, or an empty line to have one made. Stopped in the"
        " middle, both keys open everything; run it again.",
    )
    rotate.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.database import database
    from api.masterkey import home_of
    from api.start import migrated

    configuration = configured()
    home = home_of(configuration)
    given = _read_key() if home.takes_a_key else None
    with database(configuration, say, share=True) as urls:
        asyncio.run(migrated(urls, say))
        asyncio.run(_rotate(urls.application, home, given))


def _read_key() -> "LocalMasterKey | None":
    """None: one is to be made."""
    from store.master_key import LocalMasterKey, NoMasterKey

    line = _ask() if sys.stdin.isatty() else sys.stdin.readline()
    if line.isspace() or (sys.stdin.isatty() and not line):
        return None
    try:
        return LocalMasterKey.read(line)
    except NoMasterKey:
        raise WrongConfiguration(
            "what was given is no master key: 32 bytes in base64, or an empty line to have one"
            " made; `openssl rand -base64 32` makes one, too"
        ) from None


def _ask() -> str:
    try:
        line = getpass("The new master key (empty: make one): ")
        # A mistyped one would be a key as well, and one that nobody has.
        again = getpass("Once more: ") if line else line
    except EOFError:
        raise Failed("no key was given; nothing was changed") from None
    if again != line:
        raise Failed("these were two different keys; nothing was changed")
    return line


async def _rotate(url: "URL", home: "Home", given: "LocalMasterKey | None") -> None:
    from store.clock import SystemClock
    from store.database import Database
    from store.rotation import AnotherRotation, StuckKey, alone

    async def nobody_listens(topic: str, message: object) -> None: ...

    db = Database.connect(url, clock=SystemClock(), publish=nobody_listens)
    try:
        async with alone(db):
            await _turn(db, home, given)
    except AnotherRotation:
        raise Failed("the master key is being rotated already; wait for that to end") from None
    except StuckKey as stuck:
        raise Failed(
            f"the key {stuck.key_id} opens under no master key that is known here, so the rotation"
            " can't end; until it can, the old and the new master key both open all others"
        ) from None
    finally:
        await db.close()


async def _turn(db: "Database", home: "Home", given: "LocalMasterKey | None") -> None:
    from store.clock import SystemClock
    from store.master_key import LocalMasterKey
    from store.rotation import Rotation

    rotation = Rotation(db, SystemClock(), await _known_keys(db, home, given))
    begun = await rotation.under_way()
    new = given
    if home.takes_a_key and new is None:
        new = begun or LocalMasterKey.random()
        if not home.keeps_it:
            _show(new)
    if new is not None:
        await home.lay_out(new)
    if await rotation.begin(new) or begun is not None or not home.takes_a_key:
        await rotation.rewrap(Progress("keys wrapped anew"))
        await home.put_in_place()
        await rotation.wait_for_servers()
        while not await rotation.finish():
            await rotation.rewrap(Progress("keys wrapped anew"))
        say("every key lies under the new master key, and an older one opens nothing any more")
    else:
        await home.put_in_place()
        say("this is the master key already")
    say(home.what_is_left)
    say("a backup from before needs the old master key: keep that with it")


def _show(new: "LocalMasterKey") -> None:
    """Before anything is wrapped under it: a key that nobody has seen is one that is lost."""
    try:
        sys.stdout.write(f"{new.written()}\n")
        sys.stdout.flush()
    except (AttributeError, OSError):  # the former where standard output was closed: it is None
        raise Failed(
            "the new key can't be written to standard output; nothing was changed"
        ) from None


async def _known_keys(db: "Database", home: "Home", given: "LocalMasterKey | None") -> "MasterKeys":
    from store.master_key import WrongMasterKey
    from store.master_keys import MasterKeys

    keys = MasterKeys(await home.provider(db))
    try:
        async with db.begin() as tx:
            await keys.establish(tx)
    except WrongMasterKey:
        if given is None:
            raise
        # A rotation that was over, but could not say so any more, is run again: its new key is in
        # use, and has not come to its place yet.
        keys = MasterKeys(given)
        async with db.begin() as tx:
            await keys.establish(tx)
    return keys
