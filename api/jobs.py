"""What the server does by itself, later or again and again."""

from datetime import timedelta

from aiohttp import web

from api.keys import BLOBS, CLOCK, DB
from store import idempotency, jobs
from store.blobs import Blobs
from store.database import Database
from store.run import JobHandler, Run
from store.schedule import Periodic, every
from store.worker import Worker

WORKER = web.AppKey("worker", Worker)

PERIODIC: tuple[Periodic, ...] = (every("sweep", timedelta(hours=1)),)


def worker(app: web.Application) -> Worker:
    return Worker(app[DB], app[CLOCK], _handlers(app[DB], app[BLOBS]), periodic=PERIODIC)


def names() -> list[str]:
    return [periodic.name for periodic in PERIODIC]


def _handlers(db: Database, blobs: Blobs) -> dict[str, JobHandler]:
    async def sweep(run: Run) -> dict[str, int]:
        """Forget what has outlived its use."""
        async with db.begin() as tx:
            await run.hold(tx)
            rows = {
                "idempotency_keys": await idempotency.sweep(tx),
                "jobs": await jobs.sweep(tx),
            }
        return rows | {"half_written_blobs": await blobs.sweep(run.now)}

    return {"sweep": sweep}
