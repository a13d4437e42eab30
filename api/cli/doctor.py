"""`hearth doctor`"""

import argparse
import asyncio
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import say
from api.cli.show import show
from api.failure import Failed

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "doctor",
        help="look at everything that the server needs",
        description="Check the database, Redis, the storage, the media port and the clock, and say"
        " what to do about each that is not well. The server may run meanwhile.",
    )
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.database import database
    from api.operations.doctor import State, examine
    from store.clock import SystemClock

    configuration = configured()
    with database(configuration, say, share=True) as urls:
        findings = asyncio.run(examine(configuration, urls, SystemClock()))
    lines = (f"{finding.state:<4}  {finding.part}: {finding.words}\n" for finding in findings)
    show("".join(lines).encode())
    parts = [finding.part for finding in findings if finding.state is State.ILL]
    if parts:
        raise Failed(f"not well: {', '.join(parts)}")
