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
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

SCRIPTS = Path(__file__).parent / "migrations"
# Any number will do, as long as every server takes the same one.
_LOCK = 4_741_880_112


class UnknownRevision(Exception):
    """There is no such revision, or no way to it."""


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
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and not _knows(scripts, present):
        # A newer server has been here, and old and new ones run side by side.
        say(f"the schema is at {present}, newer than this code; it stays")
        return
    try:
        if to.startswith("-") or to in _before(scripts, present):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
    except CommandError as error:
        raise UnknownRevision(str(error)) from None


def _knows(scripts: ScriptDirectory, revision: str) -> bool:
    return revision in {script.revision for script in scripts.walk_revisions()}


def _before(scripts: ScriptDirectory, present: str | None) -> set[str]:
    if present is None:
        return set()
    earlier = {script.revision for script in scripts.iterate_revisions(present, "base")}
    return {"base", *earlier} - {present}


async def _give_rows(connection: AsyncConnection, role: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(role)
    for rights, things in (
        ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
        ("USAGE, SELECT", "SEQUENCES"),
    ):
        await connection.execute(
            text(f"ALTER DEFAULT PRIVILEGES GRANT {rights} ON {things} TO {quoted}")
        )


def is_fit(present: str | None) -> bool:
    """Whether this code can work on a schema: its own newest, or one that is newer still."""
    scripts = ScriptDirectory.from_config(_config())
    if present is None:
        return False
    return present == scripts.get_current_head() or not _knows(scripts, present)


async def revision(connection: AsyncConnection) -> str | None:
    """Where the database's schema is."""
    return await connection.run_sync(
        lambda bound: MigrationContext.configure(bound).get_current_revision()
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
