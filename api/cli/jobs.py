"""`hearth jobs run`"""

import argparse
import asyncio
import json
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import say
from api.failure import Failed, UsedWrongly

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from api.configuration import Configuration


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("jobs", help="run now what otherwise runs by itself")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    run_now = actions.add_parser(
        "run",
        help="run a job here and wait for it",
        description="Run a job now, in this process, and wait for its outcome. The server may run"
        " meanwhile.",
    )
    run_now.add_argument("name", metavar="NAME", help="the job, such as sweep")
    run_now.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.database import database
    from api.jobs import names

    if chosen.name not in names():
        raise UsedWrongly(f"there is no job {chosen.name}; there are: {', '.join(names())}")
    configuration = configured()
    with database(configuration, say, share=True) as urls:
        asyncio.run(
            _run(configuration.model_copy(update={"database_url": urls.application}), chosen.name)
        )


async def _run(configuration: "Configuration", name: str) -> None:
    from api.app import build_app
    from api.connection import Runner
    from api.jobs import worker
    from store.jobs import State

    app = build_app(configuration, works=False)
    runner = Runner(app)
    try:
        await runner.setup()
        job = await worker(app).run_here(name)
    finally:
        await runner.cleanup()
    if job is None:
        raise Failed(f"{name} is running on a server at this moment; nothing was begun")
    if job.state is not State.DONE:
        raise Failed(f"{name} ended as {job.state}: {json.dumps(job.outcome)}")
    say(f"{name} is done: {json.dumps(job.outcome)}")
