"""`hearth mock`"""

import argparse
import asyncio
from typing import TYPE_CHECKING

from api.cli.configured import configured
from api.cli.say import say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "mock",
        help="answer the whole contract with examples",
        description="Serve every route and socket of the contract, built or not, with examples for"
        " answers: for work on clients. Any token but 'bad' is an admin's; nothing is kept. It"
        " needs no database.",
    )
    command.add_argument("--host", default="127.0.0.1", help="127.0.0.1")
    command.add_argument("--port", type=int, default=8081, help="8081")
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    from api.features import ENDPOINTS, SOCKETS
    from api.mock import mock_app
    from api.serve import running, stop_requested

    configuration = configured(host=chosen.host, port=chosen.port)
    routes = [route for endpoint in ENDPOINTS for route in endpoint.routes]
    app = mock_app(routes, SOCKETS, configuration=configuration)

    async def serve() -> None:
        stop = stop_requested()
        async with running(app, host=configuration.host, port=configuration.port) as port:
            say(f"the mock listens on port {port}; read http://localhost:{port}/docs")
            await stop.wait()

    asyncio.run(serve())
