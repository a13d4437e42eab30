"""Migrations: who may do what afterwards, and old servers beside new ones."""

import asyncio
from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from store import migrate
from tests.support.postgres import Postgres


@pytest.fixture(autouse=True)
def before_anything_is_served(no_blocking_calls: BlockBuster) -> None:
    """Migrations run before there is a loop that others wait for."""
    no_blocking_calls.deactivate()


def connected(url: URL) -> Connection:
    # A plain driver: what is looked at is the database.
    engine = create_engine(url.set(drivername="postgresql+psycopg2"), poolclass=NullPool)
    return engine.connect()


@pytest.fixture
def name(postgres: Postgres) -> Iterator[str]:
    name = postgres.make_database()
    yield name
    postgres.drop_database(name)


def test_the_application_s_role_gets_what_was_made_before_it_was_one(
    postgres: Postgres, name: str
) -> None:
    """As when one role becomes two."""
    with connected(postgres.owner_url(name)) as owner:
        owner.execute(text("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM hearth"))
        owner.commit()
    asyncio.run(migrate.migrate(postgres.owner_url(name), rows_only="hearth"))
    with connected(postgres.application_url(name)) as application:
        application.execute(text("DELETE FROM setup_links"))
        assert application.scalar(text("SELECT count(*) FROM settings")) == 0


def test_the_application_s_role_cannot_say_which_schema_this_is(
    postgres: Postgres, name: str
) -> None:
    asyncio.run(migrate.migrate(postgres.owner_url(name), rows_only="hearth"))
    with (
        connected(postgres.application_url(name)) as application,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        application.execute(text("DELETE FROM alembic_version"))


def test_the_log_is_for_reading_and_adding_only_where_one_role_does_everything(
    postgres: Postgres,
) -> None:
    name = postgres.make_database(template="template0")
    asyncio.run(migrate.migrate(postgres.owner_url(name)))
    with connected(postgres.owner_url(name)) as only_role:
        for statement in (
            "UPDATE audit_log SET number = 1",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                only_role.execute(text(statement))
            only_role.rollback()
        assert only_role.scalar(text("SELECT count(*) FROM audit_log")) == 0
        only_role.execute(text("DELETE FROM settings"))
        only_role.execute(text("ALTER TABLE audit_log ADD COLUMN later int"))
    postgres.drop_database(name)


def test_a_schema_that_is_newer_than_the_code_stays(postgres: Postgres, name: str) -> None:
    with connected(postgres.owner_url(name)) as owner:
        owner.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        owner.execute(text("REVOKE DELETE ON settings FROM hearth"))
        owner.commit()
    said: list[str] = []
    asyncio.run(migrate.migrate(postgres.owner_url(name), rows_only="hearth", say=said.append))
    assert "newer than this code" in said[0]
    assert migrate.is_fit("9999")
    with (
        connected(postgres.application_url(name)) as application,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        application.execute(text("DELETE FROM settings"))


def test_an_older_revision_is_gone_back_to(postgres: Postgres, name: str) -> None:
    asyncio.run(migrate.migrate(postgres.owner_url(name), to="0001"))
    with connected(postgres.owner_url(name)) as owner:
        assert owner.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
    assert not migrate.is_fit("0001")


def test_an_unknown_revision_is_an_error_of_its_own(postgres: Postgres, name: str) -> None:
    with pytest.raises(migrate.UnknownRevision):
        asyncio.run(migrate.migrate(postgres.owner_url(name), to="nonsense"))


def test_servers_that_start_at_once_migrate_once(postgres: Postgres) -> None:
    name = postgres.make_database(template="template0")

    async def start_five() -> None:
        await asyncio.gather(*(migrate.migrate(postgres.owner_url(name)) for _ in range(5)))

    asyncio.run(start_five())
    with connected(postgres.owner_url(name)) as owner:
        assert migrate.is_fit(owner.scalar(text("SELECT version_num FROM alembic_version")))
    postgres.drop_database(name)
