"""`hearth openapi` and `hearth asyncapi`"""

import argparse
from typing import TYPE_CHECKING

from api.cli.show import show

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, kind in (("openapi", "OpenAPI 3.1"), ("asyncapi", "AsyncAPI 3")):
        command = commands.add_parser(
            name,
            help=f"print the {kind} document",
            description=f"Print the {kind} document of this server to standard output.",
        )
        command.add_argument(
            "--contract",
            action="store_true",
            help="the whole contract, with what is still to be built",
        )
        command.set_defaults(run=run, document=name)


def run(chosen: argparse.Namespace) -> None:
    from api.app import documents

    made = documents(planned=chosen.contract)
    show(made.openapi if chosen.document == "openapi" else made.asyncapi)
