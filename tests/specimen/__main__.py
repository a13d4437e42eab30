"""The server with the specimen beside it, in a process of its own: for tests of its end.

python -m tests.specimen DATABASE_URL DATA_DIR
"""

import asyncio
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from api.access import Role
from api.app import build_app
from api.cli.say import say
from api.serve import running, stop_requested
from tests.specimen import commands, routes
from tests.support.people import People
from tests.support.server import configure


async def main(database: str, data_dir: str) -> None:
    stop = stop_requested()
    people = People()
    app = build_app(
        configure(make_url(database), Path(data_dir)),
        authenticator=lambda _: people,
        endpoints=[routes.endpoint],
        sockets=[commands.socket],
    )
    async with running(app, host="127.0.0.1", port=0) as port:
        say(f"port {port} token {people.sign_in(Role.PARENT)}")
        await stop.wait()


asyncio.run(main(*sys.argv[1:]))
