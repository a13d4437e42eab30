"""Alembic's way in: from the server's own start, or from the `alembic` command.

The command knows no connection: it takes the one that `alembic.ini` names, so that nothing here has
to know where the server's configuration lives.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from store.ids import Id
from store.tables import metadata


def main() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        run(connection)
        return
    with named_database() as url:
        asyncio.run(run_at(url))


def named_database() -> AbstractContextManager[URL]:
    module, _, name = (context.config.get_main_option("database") or "").partition(":")
    opened: Callable[[], AbstractContextManager[URL]] = getattr(import_module(module), name)
    return opened()


async def run_at(url: URL) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        render_item=render_item,
        on_version_apply=tell,
    )
    with context.begin_transaction():
        context.run_migrations()


def tell(
    ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]
) -> None:
    say = context.config.attributes.get("say", print)
    verb = "migrated to" if step.is_upgrade else "went back from"
    say(f"{verb} {step.up_revision_id}")


def render_item(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    # The database keeps a bare UUID; the prefix is the code's business, and may change.
    return "sa.Uuid()" if kind == "type" and isinstance(item, Id) else False


main()
