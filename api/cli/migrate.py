"""`hearth migrate`"""

import argparse
import asyncio
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "migrate",
        help="bring the database's schema up to date",
        description="Bring the schema to the newest revision, or to another one. Every start does"
        " the former by itself.",
    )
    command.add_argument(
        "--to", metavar="REV", default="head", help="a revision, or -1 for one back"
    )
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.database import database
    from store.migrate import migrate

    with database(configured(), say, share=True) as urls:
        asyncio.run(migrate(urls.owner, to=chosen.to, rows_only=urls.rows_only, say=say))
    say("the schema is where it should be")
