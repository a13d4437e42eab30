"""The command line: `hearth COMMAND`."""

import argparse
import sys
from collections.abc import Sequence

from api.cli import doctor, documents, jobs, migrate, mock, serve
from api.cli.failure import Failed
from api.configuration import WrongConfiguration
from api.serve import CannotListen
from api.version import VERSION
from store.embedded.errors import ClusterError

# In the order in which people come to need them.
_COMMANDS = (serve, migrate, doctor, jobs, documents, mock)

FAILED = 1
USED_WRONGLY = 2


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="hearth", description="A private place for families, on their own server."
    )
    top.add_argument("--version", action="version", version=f"hearth {VERSION}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in _COMMANDS:
        module.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 (failed), 2 (used wrongly)."""
    chosen = parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except WrongConfiguration as wrong:
        print(f"hearth: {wrong}", file=sys.stderr)
        return USED_WRONGLY
    except (Failed, CannotListen, ClusterError) as failed:
        print(f"hearth: {failed}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return 0
