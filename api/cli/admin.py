"""`hearth admin create`"""

import argparse
import asyncio
import sys
from getpass import getpass
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import say
from api.failure import Failed

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from pydantic import Secret

    from api.configuration import Configuration


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("admin", help="make an admin's account")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    create = actions.add_parser(
        "create",
        help="make an account for one more admin",
        description="Make an admin's account. The password is read from a prompt or, in a pipe,"
        " from the first line of standard input; never from an argument, which others could see.",
    )
    create.add_argument("--email", required=True, help="the address to sign in by")
    create.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.database import database
    from api.start import migrated

    configuration = configured()
    password = _read_password()
    with database(configuration, say, share=True) as urls:
        asyncio.run(migrated(urls, say))
        configuration = configuration.model_copy(update={"database_url": urls.application})
        username = asyncio.run(_create(configuration, chosen.email, password))
    say(f"{chosen.email} may sign in as an admin now, also by the username {username}")


def _read_password() -> "Secret[str]":
    from pydantic import Secret

    try:
        if not sys.stdin.isatty():
            return Secret(sys.stdin.buffer.readline().decode().rstrip("\r\n"))
        password = getpass("Password: ")
        if getpass("The same again: ") != password:
            raise Failed("the two are not the same; nothing was made")
    except EOFError:
        raise Failed("no password was given; nothing was made") from None
    except UnicodeDecodeError:
        raise Failed("the password is no text in UTF-8; nothing was made") from None
    return Secret(password)


async def _create(configuration: "Configuration", email: str, password: "Secret[str]") -> str:
    from api.accounts.keys import HASHING
    from api.app import build_app
    from api.connection import Runner
    from api.keys import DB, SETTINGS
    from api.setup import first_admin

    app = build_app(configuration, works=False)
    runner = Runner(app)
    try:
        await runner.setup()
        admin = await first_admin.add(
            app[DB], app[HASHING], app[SETTINGS], email=email, password=password
        )
    finally:
        await runner.cleanup()
    return admin.username
