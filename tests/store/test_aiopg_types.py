"""Values go to PostgreSQL and come back the same, though psycopg2 writes them into the SQL."""

import enum
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    cast,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    CIDR,
    DATERANGE,
    HSTORE,
    INET,
    INT4MULTIRANGE,
    INT8RANGE,
    JSONB,
    NUMMULTIRANGE,
    TSTZMULTIRANGE,
    TSTZRANGE,
    Range,
)
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.types import TypeEngine


class Mood(enum.Enum):
    CALM = "calm"
    LOUD = "loud"


NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
EVERY_BYTE = bytes(range(256))
AWKWARD = "100 % %s %(x)s %% \\ ' '' \" ; -- \n\t :name $1 é 🐍"
ONE_ID = uuid.UUID("0196a7c0-0000-7000-8000-000000000001")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Text(), AWKWARD),
        (Text(), ""),
        (LargeBinary(), EVERY_BYTE),
        (LargeBinary(), b""),
        (BigInteger(), -(2**63)),
        (Boolean(), False),
        (Double(), float("inf")),
        (Numeric(), Decimal("12345678901234567890.000000001")),
        (Date(), date(2026, 2, 28)),
        (DateTime(timezone=True), NOON),
        (Interval(), timedelta(days=3, microseconds=-1)),
        (Uuid(), ONE_ID),
        (Enum(Mood), Mood.LOUD),
        (INET(), "192.168.0.1/24"),
        (CIDR(), "2001:db8::/32"),
        (JSON(), {"text": AWKWARD, "list": [1, None, True], "none": None}),
        (JSONB(), ["%", {"%s": "%"}]),
        (JSONB(), None),
        (ARRAY(BigInteger), [1, None, 3]),
        (ARRAY(Text), [AWKWARD, "", "NULL", "{}"]),
        (ARRAY(Uuid), [ONE_ID]),
        (ARRAY(LargeBinary), [EVERY_BYTE, b""]),
        (ARRAY(Enum(Mood)), [Mood.CALM, Mood.LOUD]),
        (ARRAY(Text, dimensions=2), [["a", "b"], ["c", "d"]]),
        (INT8RANGE(), Range(1, 5)),
        (INT8RANGE(), Range(empty=True)),
        (TSTZRANGE(), Range(NOON, None, bounds="()")),
        (DATERANGE(), Range(date(2026, 1, 1), date(2026, 2, 1))),
        (INT4MULTIRANGE(), MultiRange([Range(1, 3), Range(7, 9)])),
        (INT4MULTIRANGE(), MultiRange()),
        (NUMMULTIRANGE(), MultiRange([Range(None, Decimal("1.5"), bounds="(]")])),
        (TSTZMULTIRANGE(), MultiRange([Range(NOON, NOON + timedelta(1))])),
        (HSTORE(), {"a key": AWKWARD, "nothing": None}),
    ],
    ids=repr,
)
async def test_a_value_comes_back_the_same(
    engine: AsyncEngine, kind: TypeEngine[Any], value: Any
) -> None:
    kept = Table("kept", MetaData(), Column("value", kind), prefixes=["TEMPORARY"])
    async with engine.connect() as connection:
        if isinstance(kind, HSTORE):
            await connection.execute(text("CREATE EXTENSION hstore"))
        await connection.run_sync(kept.metadata.create_all)
        await connection.execute(kept.insert().values(value=value))
        await connection.execute(kept.insert(), [{"value": value}, {"value": None}])
        assert list(await connection.scalars(select(kept))) == [value, value, None]


async def test_hstore_is_read_by_the_driver_once_the_database_has_it(database_url: str) -> None:
    async def roundtrip() -> Any:
        engine = create_async_engine(database_url)
        async with engine.connect() as connection:
            value = await connection.scalar(select(cast(literal({"a": "b"}, HSTORE), HSTORE)))
            raw = await connection.scalar(text("SELECT 'a=>b'::hstore"))
        await engine.dispose()
        return value, raw

    setup = create_async_engine(database_url)
    async with setup.begin() as connection:
        await connection.execute(text("CREATE EXTENSION hstore"))
    assert await roundtrip() == ({"a": "b"}, {"a": "b"})
    async with setup.begin() as connection:
        await connection.execute(text("DROP EXTENSION hstore"))
    await setup.dispose()


async def test_json_goes_through_the_functions_of_the_engine(database_url: str) -> None:
    engine = create_async_engine(
        database_url,
        json_serializer=lambda value: json.dumps(["wrapped", value]),
        json_deserializer=lambda value: {"read": json.loads(value)},
    )
    async with engine.connect() as connection:
        for kind in (JSON, JSONB):
            read = await connection.scalar(select(cast(literal(1, kind), kind)))
            assert read == {"read": ["wrapped", 1]}
    await engine.dispose()


async def test_a_statement_of_the_drivers_own_keeps_its_percent_signs(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        bare = await connection.exec_driver_sql(
            "SELECT '100%' LIKE '100%', 5 % 3", execution_options={"no_parameters": True}
        )
        assert bare.one() == (True, 2)
        bound = await connection.exec_driver_sql("SELECT '%%' || %s", ("%s",))
        assert bound.one() == ("%%s",)


async def test_a_percent_sign_in_a_name_is_a_name(engine: AsyncEngine) -> None:
    odd = Table("50% off", MetaData(), Column("%(price)s", Text), prefixes=["TEMPORARY"])
    async with engine.connect() as connection:
        await connection.run_sync(odd.metadata.create_all)
        await connection.execute(odd.insert(), [{"%(price)s": "%"}, {"%(price)s": "%%"}])
        assert list(await connection.scalars(select(odd))) == ["%", "%%"]
