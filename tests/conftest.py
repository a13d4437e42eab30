"""The test frame: real PostgreSQL, real Redis, real sockets, and no patience with sloppiness.

Warnings are errors (pyproject.toml); a call that blocks the event loop and comes from our code is
one too, in every asynchronous test.
"""

import io
import os
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from api.configuration import variable_names
from api.logs import configure_logs
from store.audit import AuditLog
from store.clock import SystemClock
from store.database import Database, Message, Transaction
from store.deeds import Deed
from store.envelope import Envelope
from store.master_key import LocalMasterKey
from tests.support.postgres import (
    Postgres,
    database_name,
    database_url,
    own_database,
    postgres,
)
from tests.support.redis import redis, redis_server, second_redis, shared_redis_server
from tests.support.server import MASTER_KEY

# Fixtures, which pytest finds by their names here.
__all__ = [
    "database_name",
    "database_url",
    "own_database",
    "postgres",
    "redis",
    "redis_server",
    "second_redis",
    "shared_redis_server",
]

# Whoever runs the tests may run a Hearth of their own, configured by the environment.
for name in variable_names():
    os.environ.pop(name, None)

configure_logs("DEBUG", stream=io.StringIO())

_OURS = ["api", "loadtest", "rtc", "sfu", "store"]


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    with blockbuster_ctx(_OURS) as blockbuster:
        # Files of /proc are made by the kernel as they are read: no disk is waited for.
        for call in blockbuster.functions.values():
            call.can_block_in("prometheus_client/process_collector.py", "collect")
            # A traceback shows the lines of its code: that is read when something broke.
            call.can_block_in("linecache.py", {"checkcache", "updatecache"})
        yield blockbuster


@pytest.fixture
async def database(postgres: Postgres, database_name: str) -> AsyncIterator[Database]:
    """The module's database as the application sees it."""

    async def nobody_listens(topic: str, message: Message) -> None: ...

    db = Database.connect(
        postgres.application_url(database_name), clock=SystemClock(), publish=nobody_listens
    )

    async def record(tx: Transaction, deeds: Sequence[Deed]) -> None:
        # At the first deed: where none is done, a test finds no keys but its own.
        log = await AuditLog.attach(db, Envelope(LocalMasterKey(b64decode(MASTER_KEY))))
        await log.record(tx, deeds)

    db.audit_with(record)
    yield db
    await db.close()
