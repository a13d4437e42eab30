"""`hearth jobs run`"""

import argparse
import asyncio
from typing import TYPE_CHECKING

from api.cli.failure import Failed
from api.cli.say import say
from api.configuration import read_configuration

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("jobs", help="run what otherwise runs by itself")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    run_now = actions.add_parser("run", help="run a job now, here, and wait for it")
    run_now.add_argument("name", metavar="NAME")
    run_now.set_defaults(run=run)
