"""Migrations: run at every start, by one server while the others wait for it.

Old and new servers run side by side during an upgrade, so a migration first only adds (expand), and
what nobody uses any more goes a release later (contract).
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from store.tables import metadata

SCRIPTS = Path(__file__).parent / "migrations"
# Any number will do, as long as every server takes the same one.
_LOCK = 4_741_880_112
_ROWS = "SELECT, INSERT, UPDATE, DELETE"


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

    `rows_only` names the application's role where it is another. It gets the rows of every table,
    and of a table that is declared with `info={"rights": …}` only what stands there. Where one role
    does both, that holds for its rights to the rows as well, which it could give back to itself.
    """
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await connection.commit()
            is_ours = await connection.run_sync(_run, to, say)
            # A newer release may have taken rights away that this one still knows.
            if is_ours:
                await connection.run_sync(_give_rows, rows_only)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, to: str, say: Callable[[str], None]) -> bool:
    """Go there; False: the schema is a newer release's, and was left alone."""
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["say"] = say
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in _revisions()[1]:
        # A newer server has been here, and old and new ones run side by side.
        say(f"the schema is at {present}, newer than this code; it stays")
        return False
    try:
        if to.startswith("-") or to in _before(scripts, present):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
    except CommandError as error:
        raise UnknownRevision(str(error)) from None
    return True


def _before(scripts: ScriptDirectory, present: str | None) -> set[str]:
    if present is None:
        return set()
    earlier = {script.revision for script in scripts.iterate_revisions(present, "base")}
    return {"base", *earlier} - {present}


def _give_rows(connection: Connection, role: str | None) -> None:
    """Give the application's role exactly the rights that each table is declared with."""
    rights = {name: table.info.get("rights", _ROWS) for name, table in metadata.tables.items()}
    if role is None:
        narrower = {name: allowed for name, allowed in rights.items() if allowed != _ROWS}
        _give(connection, narrower, "CURRENT_USER")
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quoted}"))
    _give(connection, {**rights, "alembic_version": "SELECT"}, quoted)


def _give(connection: Connection, rights: Mapping[str, str], role: str) -> None:
    present = set(inspect(connection).get_table_names())
    for name, allowed in rights.items():
        if name in present:
            table = connection.dialect.identifier_preparer.quote(name)
            connection.execute(text(f"REVOKE ALL ON {table} FROM {role}"))
            connection.execute(text(f"GRANT {allowed} ON {table} TO {role}"))


def is_fit(present: str | None) -> bool:
    """Whether this code can work on a schema: its own newest, or one that is newer still."""
    if present is None:
        return False
    newest, known = _revisions()
    return present == newest or present not in known


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest revision of this code, and all of them; they don't change while it runs."""
    scripts = ScriptDirectory.from_config(_config())
    return scripts.get_current_head(), frozenset(s.revision for s in scripts.walk_revisions())


async def revision(connection: AsyncConnection) -> str | None:
    """Where the database's schema is."""
    return await connection.run_sync(
        lambda bound: MigrationContext.configure(bound).get_current_revision()
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
