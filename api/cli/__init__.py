"""The command line: `hearth COMMAND`.

A command imports what it works with when it runs, so that asking for help takes no time.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from api.cli import admin, audit, doctor, documents, jobs, keys, migrate, mock, serve
from api.failure import Failed

# In the order in which people come to need them.
_COMMANDS = (serve, admin, migrate, doctor, jobs, keys, audit, documents, mock)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="hearth", description="A private place for families, on their own server."
    )
    top.add_argument("--version", action="version", version=f"hearth {version('hearth')}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in _COMMANDS:
        module.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 (failed), 2 (used wrongly)."""
    chosen = parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except Failed as failed:
        print(f"hearth: {failed}", file=sys.stderr)
        return failed.exit_code
    except KeyboardInterrupt:
        return Failed.exit_code
    return 0
