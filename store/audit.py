"""The audit log: who did what, kept for good and in order.

Entries name people by id. What is personal in them is sealed under the key of the person it
concerns, the address under the actor's: with a person's key goes what the log says about them,
while entry and chain stay. Why it is made so stands in docs/decisions/audit-chain.md.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Index, Select, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from store.audit_chain import NOTHING, Chain, Head, Link
from store.audit_entry import Columns, Entry, opened, people_in, people_of, sealed
from store.database import Database, Reading, Transaction
from store.deeds import Deed
from store.envelope import Envelope
from store.ids import Id, parse_id
from store.schema import Base

TOPIC = "audit"
KEY_KIND = "audit"
# Enough to be worth a fetch, and few enough that nobody waits long while they are opened.
_ROWS_OF_A_FETCH = 200
_MINUTE = timedelta(minutes=1)


class AuditRow(Base):
    __tablename__ = "audit_log"
    # One for each filter, and one for each pair of which both may match much and together nothing.
    # What stands behind the number is looked at before the entry itself, for the same reason.
    # `_newest_first` reads any page as one range of one of them.
    __table_args__ = (
        Index(None, "created_at", "number"),
        Index(None, "actor_id", "created_at", "number"),
        Index(None, "action", "created_at", "number"),
        Index(None, "entity_type", "created_at", "number"),
        Index(None, "entity_id", "created_at", "number", "action", "actor_id"),
        Index(None, "actor_id", "action", "created_at", "number", "entity_type"),
        Index(None, "actor_id", "entity_type", "created_at", "number"),
        Index(None, "action", "entity_type", "created_at", "number"),
        {"info": {"rights": "SELECT, INSERT"}},
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id("a"))
    actor_id: Mapped[str | None] = mapped_column(Id("u"))
    action: Mapped[str]
    entity_type: Mapped[str]
    entity_id: Mapped[str | None]
    before_json: Mapped[str | None]
    after_json: Mapped[str | None]
    concerns: Mapped[str | None] = mapped_column(Id("u"))
    ip: Mapped[str | None]
    created_at: Mapped[datetime]
    hash: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; what is given narrows together."""

    actor_id: str | None = None
    action: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


Place = tuple[datetime, int]

# Which columns an index begins with; the first whose filters are all given serves.
_FILTERS: tuple[tuple[InstrumentedAttribute[Any], ...], ...] = (
    (AuditRow.entity_id,),
    (AuditRow.actor_id, AuditRow.action),
    (AuditRow.actor_id, AuditRow.entity_type),
    (AuditRow.action, AuditRow.entity_type),
    (AuditRow.actor_id,),
    (AuditRow.action,),
    (AuditRow.entity_type,),
    (),
)


class AuditLog:
    def __init__(self, envelope: Envelope, chain: Chain) -> None:
        self._envelope = envelope
        self._chain = chain

    @classmethod
    async def attach(cls, db: Database, envelope: Envelope) -> Self:
        """Have whatever this database's transactions collect recorded from now on."""
        async with db.begin() as tx:
            key = await envelope.standing_key(tx, KEY_KIND)
        log = cls(envelope, Chain(key.secret))
        db.audit_with(log.record)
        return log

    async def record(self, tx: Transaction, deeds: Sequence[Deed]) -> None:
        """Chain an entry for each deed; nothing but the commit may follow.

        All writers contend for the end of the chain. Whoever holds it asks for no other lock any
        more, so that nobody ever waits crosswise because of it.
        """
        people = {person for deed in deeds for person in people_in(tx.actor, deed)}
        keys = await self._envelope.make_person_keys(tx, people) if people else {}
        entries = [sealed(tx.actor, deed, tx.now, keys) for deed in deeds]
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.audit'))"))
        last, last_at = await _end(tx)
        created_at = _dated(tx.now, last_at)
        rows: list[dict[str, Any]] = []
        for entry in entries:
            last = self._chain.head(last.hash, _link(last.number + 1, entry, created_at))
            rows.append(
                {**entry, "number": last.number, "created_at": created_at, "hash": last.hash}
            )
        await tx.execute(insert(AuditRow), rows)
        tx.announce(TOPIC, {"number": last.number})

    async def page(
        self, db: Reading, wanted: Wanted, *, behind: Place | None, limit: int
    ) -> list[Entry]:
        """Newest first."""
        statement = _newest_first(wanted, behind).limit(limit)
        return await self._open(db, (await db.execute(statement)).all())

    async def stream(self, db: Reading, wanted: Wanted) -> AsyncIterator[list[Entry]]:
        """All of them, newest first, a few at a time; `db` is a `Database.scan`."""
        statement = _newest_first(wanted).execution_options(yield_per=_ROWS_OF_A_FETCH)
        async with db.stream(statement) as rows:
            async for some in rows.partitions():
                yield await self._open(db, some)

    async def _open(self, db: Reading, rows: Sequence[Any]) -> list[Entry]:
        people = {person for row in rows for person in people_of(row)}
        keys = await self._envelope.person_keys(db, people) if people else {}
        return [opened(row, keys) for row in rows]


async def head(db: Reading) -> Head:
    """Where the chain ends now."""
    return (await _end(db))[0]


async def _end(db: Reading) -> tuple[Head, datetime | None]:
    columns = (AuditRow.number, AuditRow.hash, AuditRow.created_at)
    newest = select(*columns).order_by(AuditRow.number.desc()).limit(1)
    row = (await db.execute(newest)).one_or_none()
    return (NOTHING, None) if row is None else (Head(row.number, row.hash), row.created_at)


def _dated(now: datetime, last_at: datetime | None) -> datetime:
    """Transactions begin in another order than they end in, and clocks differ a little.

    Within a minute the log's order wins; a clock that is further off must not misdate all that
    follows.
    """
    return last_at if last_at is not None and now < last_at <= now + _MINUTE else now


async def hashes(db: Reading, numbers: Collection[int]) -> Mapping[int, bytes]:
    """The hashes of these entries, as far as they are there."""
    statement = select(AuditRow.number, AuditRow.hash).where(AuditRow.number.in_(numbers))
    return {row.number: row.hash for row in await db.execute(statement)}


def _newest_first(wanted: Wanted, behind: Place | None = None) -> Select[Any]:
    """As one range of one index, with the filters as its first columns.

    The ordinary words for it, equality and an order by time, would leave PostgreSQL a choice: where
    it expects to meet something soon, it walks back through the whole log, and where that something
    is not there, to its very beginning. Rows compared with rows leave none.
    """
    equal = {
        AuditRow.actor_id: wanted.actor_id,
        AuditRow.action: wanted.action,
        AuditRow.entity_type: wanted.entity_type,
        AuditRow.entity_id: wanted.entity_id,
    }
    given = {column: value for column, value in equal.items() if value is not None}
    index = next(columns for columns in _FILTERS if given.keys() >= set(columns))
    values = [given.pop(column) for column in index]
    key = (*index, AuditRow.created_at, AuditRow.number)
    since = [*values, *_given(wanted.since)]
    until = [*values, *_given(wanted.until)]
    conditions = [column == value for column, value in given.items()]
    if since:
        conditions.append(tuple_(*key[: len(since)]) >= since)
    if until:
        conditions.append(tuple_(*key[: len(until)]) <= until)
    if behind is not None:
        conditions.append(tuple_(*key) < [*values, *behind])
    return (
        select(*AuditRow.__table__.c)
        .where(*conditions)
        .order_by(*(column.desc() for column in key))
    )


def _link(number: int, entry: Columns, created_at: datetime) -> Link:
    return Link(
        number=number,
        id=parse_id("a", entry["id"]),
        actor_id=_user(entry["actor_id"]),
        action=entry["action"],
        entity_type=entry["entity_type"],
        entity_id=entry["entity_id"],
        before_json=entry["before_json"],
        after_json=entry["after_json"],
        concerns=_user(entry["concerns"]),
        ip=entry["ip"],
        created_at=created_at,
    )


def _given(moment: datetime | None) -> list[datetime]:
    return [] if moment is None else [moment]


def _user(user_id: str | None) -> UUID | None:
    return None if user_id is None else parse_id("u", user_id)
