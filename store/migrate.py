"""Migrations: run at every start, by one server while the others wait for it.

Old and new servers run side by side during an upgrade, so a migration first only adds (expand), and
what nobody uses any more goes a release later (contract).
"""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

SCRIPTS = Path(__file__).parent / "migrations"
# Any number will do, as long as every server takes the same one.
_LOCK = 4_741_880_112


async def migrate(
    url: URL,
    *,
    to: str = "head",
    rows_only: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Bring the schema to a revision (`-1`: one back), as the role that owns it.

    `rows_only` names the application's role where it is another: it gets the rows of every table
    that is made from now on, and what a migration takes from it again, stays taken.
    """
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            if rows_only is not None:
                await _give_rows(connection, rows_only)
            await connection.commit()
            await connection.run_sync(_run, to, say)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, to: str, say: Callable[[str], None]) -> None:
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["say"] = say
    if to.startswith("-"):
        command.downgrade(config, to)
    else:
        command.upgrade(config, to)


async def _give_rows(connection: AsyncConnection, role: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(role)
    for rights, things in (
        ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
        ("USAGE, SELECT", "SEQUENCES"),
    ):
        await connection.execute(
            text(f"ALTER DEFAULT PRIVILEGES GRANT {rights} ON {things} TO {quoted}")
        )


async def revision(connection: AsyncConnection) -> str | None:
    """Where the database's schema is."""
    return await connection.run_sync(
        lambda bound: MigrationContext.configure(bound).get_current_revision()
    )


def newest_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
