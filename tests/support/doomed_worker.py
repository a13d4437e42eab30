"""A server that takes a job, says so, and never ends: to be killed in the middle of it."""

import asyncio
import sys

from sqlalchemy.engine import make_url

from store.clock import SystemClock
from store.database import Database, Message
from store.run import Run
from store.worker import Worker


async def main(url: str) -> None:
    async def nobody_listens(topic: str, message: Message) -> None: ...

    async def handle(run: Run) -> None:
        print("running", flush=True)  # noqa: T201 - the test reads it
        await asyncio.Event().wait()

    db = Database.connect(make_url(url), clock=SystemClock(), publish=nobody_listens)
    Worker(db, SystemClock(), {"work": handle}).start()
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
