"""`postgresql+aiopg` as the rest of the code uses it: ordinary SQLAlchemy."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

notes = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(notes.metadata.create_all)
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(notes.metadata.drop_all)
    await engine.dispose()


async def bodies(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(select(notes.c.body).order_by(notes.c.id)))


async def shown(connection: AsyncConnection, setting: str) -> Any:
    return await connection.scalar(text(f"SHOW {setting}"))


async def test_a_transaction_is_kept_when_it_ends_well(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(notes.insert().values(body="kept"))

    assert await bodies(engine) == ["kept"]


async def test_a_transaction_is_undone_when_it_ends_in_an_error(engine: AsyncEngine) -> None:
    with pytest.raises(LookupError):
        async with engine.begin() as connection:
            await connection.execute(notes.insert().values(body="undone"))
            raise LookupError

    assert await bodies(engine) == []


async def test_nothing_is_kept_without_a_commit(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(notes.insert().values(body="undone"))

    assert await bodies(engine) == []


async def test_a_transaction_begins_in_the_message_of_its_first_statement(
    engine: AsyncEngine,
) -> None:
    message = text("SELECT current_query()")
    async with engine.connect() as connection:
        assert await connection.scalar(message) == "BEGIN;SELECT current_query()"
        assert await connection.scalar(message) == "SELECT current_query()"


async def test_after_an_error_the_transaction_takes_nothing_more(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="division by zero"):
            await connection.execute(text("SELECT 1 / 0"))
        with pytest.raises(InternalError, match="current transaction is aborted"):
            await connection.execute(text("SELECT 1"))
        await connection.rollback()
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_an_error_of_the_server_has_its_class(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(notes.insert().values(id=1))
        with pytest.raises(IntegrityError):
            await connection.execute(notes.insert().values(id=1))


async def test_a_savepoint_is_undone_alone(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(notes.insert().values(body="before"))
        async with connection.begin_nested() as savepoint:
            await connection.execute(notes.insert().values(body="between"))
            await savepoint.rollback()
        await connection.execute(notes.insert().values(body="after"))

    assert await bodies(engine) == ["before", "after"]


@pytest.mark.parametrize(
    ("options", "isolation", "read_only", "deferrable"),
    [
        ({}, "read committed", "off", "off"),
        ({"isolation_level": "REPEATABLE READ"}, "repeatable read", "off", "off"),
        ({"postgresql_readonly": True}, "read committed", "on", "off"),
        (
            {
                "isolation_level": "SERIALIZABLE",
                "postgresql_readonly": True,
                "postgresql_deferrable": True,
            },
            "serializable",
            "on",
            "on",
        ),
    ],
)
async def test_a_transaction_has_the_properties_it_was_asked_for(
    engine: AsyncEngine,
    options: dict[str, Any],
    isolation: str,
    read_only: str,
    deferrable: str,
) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(**options)
        assert await shown(connection, "transaction_isolation") == isolation
        assert await shown(connection, "transaction_read_only") == read_only
        assert await shown(connection, "transaction_deferrable") == deferrable

    async with engine.connect() as connection:
        assert await shown(connection, "transaction_isolation") == "read committed"
        assert await shown(connection, "transaction_read_only") == "off"


async def test_the_isolation_level_of_an_engine_is_that_of_its_connections(
    database_url: str,
) -> None:
    engine = create_async_engine(database_url, isolation_level="SERIALIZABLE")
    async with engine.connect() as connection:
        assert await connection.get_isolation_level() == "SERIALIZABLE"
        assert await shown(connection, "transaction_isolation") == "serializable"
    await engine.dispose()


async def test_autocommit_is_in_no_transaction(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM notes"))
        await connection.execute(notes.insert().values(body="there at once"))
        assert await bodies(engine) == ["there at once"]

    async with engine.begin() as connection:
        with pytest.raises(DBAPIError, match="cannot run inside a transaction block"):
            await connection.execute(text("VACUUM notes"))


async def test_a_prepared_transaction_is_finished_by_another_connection(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        if await shown(connection, "max_prepared_transactions") == "0":
            pytest.skip("this server keeps no prepared transactions")

    async with engine.connect() as connection:
        transaction = await connection.run_sync(lambda sync: sync.begin_twophase("it's one"))
        await connection.execute(notes.insert().values(body="prepared"))
        await connection.run_sync(lambda _: transaction.prepare())
        await connection.invalidate()

    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: sync.recover_twophase()) == ["it's one"]
        await connection.run_sync(lambda sync: sync.commit_prepared("it's one", recover=True))
    assert await bodies(engine) == ["prepared"]


async def test_many_rows_come_back_in_the_order_they_were_given(engine: AsyncEngine) -> None:
    rows = [{"body": f"{number}"} for number in range(2500)]
    async with engine.begin() as connection:
        returned = await connection.scalars(
            notes.insert().returning(notes.c.body, sort_by_parameter_order=True), rows
        )
        assert list(returned) == [row["body"] for row in rows]

    assert await bodies(engine) == [row["body"] for row in rows]


_RENAME = notes.update().where(notes.c.id == bindparam("which")).values(body=bindparam("name"))


async def test_many_parameter_sets_all_have_their_effect(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(notes.insert(), [{"id": number} for number in range(250)])
        sets = [{"which": number, "name": f"{number} % ; '"} for number in range(250)]
        await connection.execute(_RENAME, sets)

    assert await bodies(engine) == [each["name"] for each in sets]


async def test_an_error_among_many_parameter_sets_undoes_them_all(engine: AsyncEngine) -> None:
    insert = text("INSERT INTO notes (id) VALUES (:id)")
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(insert, [{"id": 1}, {"id": 2}, {"id": 1}])

    assert await bodies(engine) == []


async def test_in_autocommit_each_parameter_set_stands_for_itself(engine: AsyncEngine) -> None:
    insert = text("INSERT INTO notes (id, body) VALUES (:id, :body)")
    sets = [{"id": 1, "body": "a"}, {"id": 2, "body": "b"}, {"id": 1, "body": "again"}]
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        with pytest.raises(IntegrityError):
            await connection.execute(insert, sets)

    assert await bodies(engine) == ["a", "b"]


@pytest.mark.parametrize(("mode", "count"), [("values_only", 2), ("values_plus_batch", -1)])
async def test_rows_are_counted_when_statements_go_one_by_one(
    engine: AsyncEngine, database_url: str, mode: str, count: int
) -> None:
    async with engine.begin() as connection:
        await connection.execute(notes.insert(), [{"id": 1}, {"id": 2}])
    counting = create_async_engine(database_url, executemany_mode=mode)
    async with counting.begin() as connection:
        sets = [{"which": number, "name": "x"} for number in (1, 2, 3)]
        assert (await connection.execute(_RENAME, sets)).rowcount == count
    await counting.dispose()


# Fetching all of it would take minutes and gigabytes.
_ENDLESS = text("SELECT generate_series(1, 2000000000) AS number")


async def test_a_stream_takes_from_the_server_only_what_is_read(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        async with connection.stream(_ENDLESS) as result:
            first = [number async for number in _first(2500, result.scalars())]
        assert first == list(range(1, 2501))
        assert await connection.scalar(text("SELECT count(*) FROM pg_cursors")) == 0


async def _first(count: int, numbers: Any) -> AsyncIterator[int]:
    async for number in numbers:
        yield number
        if number == count:
            return


async def test_two_streams_take_turns_in_one_transaction(engine: AsyncEngine) -> None:
    async with (
        engine.connect() as connection,
        connection.stream(_ENDLESS) as one,
        connection.stream(_ENDLESS) as other,
    ):
        turns = [
            [row.number for row in await result.fetchmany(size)]
            for result, size in ((one, 2), (other, 1), (one, 3), (other, 2))
        ]
        assert turns == [[1, 2], [1], [3, 4, 5], [2, 3]]


async def test_a_stream_in_autocommit_outlives_its_statement(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        numbers = select(func.generate_series(1, 1200))
        async with connection.stream(numbers, execution_options={"yield_per": 500}) as result:
            assert [number async for number in result.scalars()] == list(range(1, 1201))
        assert await connection.scalar(text("SELECT count(*) FROM pg_cursors")) == 0


async def test_a_stream_of_a_wrong_statement_says_what_is_wrong(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="does not exist"):
            await connection.stream(text("SELECT * FROM nowhere"))
        await connection.rollback()
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_what_the_server_notices_is_logged(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy.dialects.postgresql"):
        async with engine.connect() as connection:
            await connection.execute(text("DO $$ BEGIN RAISE NOTICE 'look out'; END $$"))

    assert "NOTICE:  look out" in caplog.messages


async def test_parameters_of_libpq_pass_through_the_url(database_url: str) -> None:
    separator = "&" if "?" in database_url else "?"
    options = "application_name=hearth%20tests&options=-c%20work_mem%3D1234kB"
    engine = create_async_engine(f"{database_url}{separator}{options}", client_encoding="latin1")
    async with engine.connect() as connection:
        assert await shown(connection, "application_name") == "hearth tests"
        assert await shown(connection, "work_mem") == "1234kB"
        assert await shown(connection, "client_encoding") == "LATIN1"
        assert await connection.scalar(text("SELECT 'ä' || :x"), {"x": "ö"}) == "äö"
    await engine.dispose()
