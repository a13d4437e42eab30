"""`hearth serve`"""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.configured import configured
from api.cli.say import say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server: start the embedded PostgreSQL unless DATABASE_URL names"
        " another, bring the schema up to date, and listen until SIGTERM or Ctrl-C.",
    )
    command.add_argument("--host", help="the address to listen on (HEARTH_HOST, every one)")
    command.add_argument("--port", type=int, help="the port to listen on (HEARTH_PORT, 8080)")
    command.add_argument(
        "--data-dir", type=Path, help="where everything is kept (HEARTH_DATA_DIR, ./var)"
    )
    command.add_argument(
        "--workers", type=int, help="media threads, each with a UDP port (HEARTH_SFU_WORKERS, 1)"
    )
    command.add_argument(
        "--tls-self-signed",
        action="store_true",
        help="serve https with a certificate of its own, which phones come to trust",
    )
    command.add_argument(
        "--reload", action="store_true", help="start anew whenever the code changes"
    )
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    if chosen.reload:
        from watchfiles import PythonFilter, run_process

        root = Path(__file__).parents[2]
        folders = [root / name for name in ("api", "rtc", "sfu", "store")]
        given = (_given(chosen), chosen.tls_self_signed)
        run_process(*folders, target=serve, args=given, watch_filter=PythonFilter())
    else:
        serve(_given(chosen), chosen.tls_self_signed)


def serve(given: dict[str, Any], tls_self_signed: bool) -> None:
    from api.database import database
    from api.ending import End
    from api.self_signed import self_signed
    from api.serve import serve as listen
    from api.start import migrated
    from store.clock import SystemClock

    configuration = configured(**given)
    clock = SystemClock()
    own = self_signed(configuration, clock.now()) if tls_self_signed else None
    if own is not None:
        configuration = configuration.model_copy(
            update={"tls_cert": own.server, "tls_key": own.server}
        )
    end = End(clock)
    with database(configuration, say, end=end) as urls:
        configuration = configuration.model_copy(
            update={"database_url": urls.application, "database_owner_url": urls.owner}
        )
        asyncio.run(migrated(urls, say))
        asyncio.run(listen(configuration, say, end=end, self_signed=own))
    say("stopped")


def _given(chosen: argparse.Namespace) -> dict[str, Any]:
    fields = {
        "host": chosen.host,
        "port": chosen.port,
        "data_dir": chosen.data_dir,
        "sfu_workers": chosen.workers,
    }
    return {name: value for name, value in fields.items() if value is not None}
