"""What the server does by itself, later or again and again."""

from datetime import timedelta

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from api.accounts.keys import BELONGINGS
from api.accounts.login import guests
from api.accounts.personal_data import service as personal_data
from api.accounts.signing import SigningKeys
from api.keys import BLOBS, CLOCK, DB, ENVELOPE
from api.media.deletion import deletion
from store import (
    erasure,
    idempotency,
    jobs,
    media,
    oauth_flows,
    oauth_tickets,
    refresh_tokens,
    reset_links,
    sessions,
)
from store.run import JobHandler, Run
from store.schedule import Periodic, every
from store.worker import Worker

# The rest waits for the next turn: a run should end.
_MOST_ERASED = 1000

_log = structlog.get_logger("hearth.jobs")

WORKER = web.AppKey("worker", Worker)

PERIODIC: tuple[Periodic, ...] = (
    every("sweep", timedelta(hours=1)),
    every("renew_signing_keys", timedelta(days=1)),
    every("erase_accounts", timedelta(hours=1)),
)


def worker(app: web.Application) -> Worker:
    return Worker(app[DB], app[CLOCK], _handlers(app), periodic=PERIODIC)


def names() -> list[str]:
    return [periodic.name for periodic in PERIODIC]


def _handlers(app: web.Application) -> dict[str, JobHandler]:
    db, blobs = app[DB], app[BLOBS]
    keys = SigningKeys(db, app[ENVELOPE])

    async def sweep(run: Run) -> dict[str, int]:
        """Forget what has outlived its use."""
        async with db.begin() as tx:
            await run.hold(tx)
            rows = {
                "idempotency_keys": await idempotency.sweep(tx),
                "jobs": await jobs.sweep(tx),
                "sessions": await sessions.sweep(tx),
                "refresh_tokens": await refresh_tokens.sweep(tx),
                "reset_links": await reset_links.sweep(tx),
                "guests": await guests.sweep(tx, app[ENVELOPE]),
                "oauth_flows": await oauth_flows.sweep(tx),
                "oauth_tickets": await oauth_tickets.sweep(tx),
            }
        return rows | {"half_written_blobs": await blobs.sweep(run.now)}

    async def erase_accounts(run: Run) -> dict[str, int]:
        """Forget those whose days of grace are over."""
        async with db.read() as reading:
            due = await erasure.due(reading, _MOST_ERASED)
        erased = 0
        for user_id in due:
            try:
                async with db.begin() as tx:
                    await run.hold(tx)
                    erased += await personal_data.erase(tx, app[BELONGINGS], app[ENVELOPE], user_id)
            except SQLAlchemyError:
                # One that can't go yet keeps nobody else here; the next turn tries again.
                _log.exception("account_not_erased", user=user_id)
        return {"erased": erased}

    async def renew_signing_keys(run: Run) -> dict[str, int]:
        """Sign by a new key once a month, and forget those that nobody's token needs any more."""
        async with db.begin() as tx:
            await run.hold(tx)
            return await keys.renew(tx)

    return {
        "sweep": sweep,
        "renew_signing_keys": renew_signing_keys,
        "erase_accounts": erase_accounts,
        media.DELETE_BLOBS: deletion(blobs),
    }
