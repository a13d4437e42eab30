"""`hearth audit verify`"""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import Progress, say
from api.cli.show import show
from api.failure import Failed

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from sqlalchemy.engine import URL

    from api.configuration import Configuration
    from store.audit_chain import Chain, Head
    from store.database import Database


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("audit", help="see to the audit log")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify",
        help="find out whether the audit log is what was written",
        description="Check every entry of the audit log against its chain, and the log's length"
        " against audit.head in the data folder. What was altered, removed, reordered or cut off"
        " is named. The server may run meanwhile.",
    )
    verify.add_argument(
        "--begun-at",
        metavar="ENTRIES",
        type=int,
        default=0,
        help="how long the log may have been when audit.head was begun: 0, unless the data folder"
        " is younger than the log for a reason that you know",
    )
    verify.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.database import database
    from store.audit_head import HeadFile

    configuration = configured()
    # Before the database: by then it holds whatever stands in the file.
    heads = HeadFile(configuration.data_dir).read()
    with database(configuration, say, share=True) as urls:
        count = asyncio.run(_verify(configuration, urls.application, heads, chosen.begun_at))
    show(f"{count:,} entries, all of them as they were written\n".encode())


async def _verify(
    configuration: "Configuration", url: "URL", heads: "list[Head]", begun_at: int
) -> int:
    from store.audit_verify import Broken, verify
    from store.clock import SystemClock
    from store.database import Database

    async def nobody_listens(topic: str, message: object) -> None: ...

    db = Database.connect(url, clock=SystemClock(), publish=nobody_listens)
    try:
        chain = await _chain(configuration, db)
        async with db.scan() as reading:
            return await verify(
                reading, chain, heads, begun_at=begun_at, tell=Progress("entries verified")
            )
    except Broken as broken:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # behind the line that was counting
        raise Failed(str(broken)) from None
    finally:
        await db.close()


async def _chain(configuration: "Configuration", db: "Database") -> "Chain":
    from api.masterkey import home_of
    from store.audit import KEY_KIND
    from store.audit_chain import Chain
    from store.envelope import Envelope

    envelope = Envelope(await home_of(configuration).provider(db))
    async with db.read() as reading:
        keys = await envelope.keys_of_kind(reading, KEY_KIND)
    if not keys:
        raise Failed(
            "the audit log has no key: no server has run on this database, or the key was removed"
            " from the table keys, and nothing can be verified without it"
        )
    return Chain(keys[0].secret)
