"""Whether the audit log is what was written: its chain, and the heads that `audit.head` knows."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Uuid, select, type_coerce

from store.audit import AuditRow
from store.audit_chain import NOTHING, Chain, Head, Link
from store.database import Reading

_ROWS_OF_A_FETCH = 1000

Progress = Callable[[int, int], None]


class Broken(Exception):
    """The log is not what was written; the message says what is wrong with it, and where."""


async def verify(
    db: Reading, chain: Chain, heads: Sequence[Head], *, begun_at: int, tell: Progress
) -> int:
    """How many entries there are, all of them as they were written; else raises Broken.

    `db` is a `Database.scan`, and what is appended meanwhile is not looked at. `heads` were read
    before, so that the log has no right to be shorter; the first of them must not be younger than
    `begun_at` entries. Of a long log `tell` hears how many entries are done, and of how many.
    """
    length = await db.scalar(select(AuditRow.number).order_by(AuditRow.number.desc()).limit(1)) or 0
    last = await _verify_chain(db, chain, heads, lambda done: tell(done, length))
    if last.number > _ROWS_OF_A_FETCH:
        tell(last.number, last.number)
    _verify_end(last, heads, begun_at)
    return last.number


async def _verify_chain(
    db: Reading, chain: Chain, heads: Sequence[Head], tell: Callable[[int], None]
) -> Head:
    known: dict[int, set[bytes]] = defaultdict(set)
    for head in heads:
        known[head.number].add(head.hash)
    last = vouched = NOTHING
    async for link, hash in links(db):
        if link.number != last.number + 1:
            raise Broken(_missing(last.number + 1, link.number - 1))
        if not chain.holds(last.hash, link, hash):
            raise Broken(await _changed(db, chain, link, hash))
        last = Head(link.number, hash)
        if link.number in known:
            if known[link.number] != {hash}:
                raise Broken(
                    f"entry {link.number} is not the one that audit.head knows: the log was cut off"
                    f" after entry {vouched.number} or later, and went on anew"
                )
            vouched = last
        if link.number % _ROWS_OF_A_FETCH == 0:
            tell(link.number)
    return last


def _verify_end(last: Head, heads: Sequence[Head], begun_at: int) -> None:
    if not heads:
        if last.number:
            raise Broken(
                "audit.head is missing from the data folder: whether entries were cut off at the"
                " end, nobody can tell. The server's next start begins a new one"
            )
        return
    newest = max(head.number for head in heads)
    if newest > last.number:
        raise Broken(
            f"the log was cut off after entry {last.number}: audit.head knows of entry {newest}"
        )
    if heads[0].number > begun_at:
        raise Broken(
            f"audit.head was begun when the log had {heads[0].number} entries already: whether"
            " others were cut off before, it can't tell. If you know why it is younger (a restore,"
            f" a new data folder), say so with --begun-at {heads[0].number}"
        )


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"entry {first} is missing: it was removed"
    return f"entries {first} to {last} are missing: they were removed"


async def _changed(db: Reading, chain: Chain, link: Link, hash: bytes) -> str:
    """What happened to an entry that does not follow from the one before it."""
    origin = await _origin(db, chain, link, hash)
    if origin is not None:
        return f"entry {link.number} was written as entry {origin}: entries were reordered"
    if link.number == 1:
        return "entry 1 is not what was written: it was altered, or the log's key was replaced"
    return f"entry {link.number} is not what was written: it was altered"


async def _origin(db: Reading, chain: Chain, link: Link, hash: bytes) -> int | None:
    """The number under which the entry was written, if it is whole and only in the wrong place.

    Its predecessor's hash stands somewhere: in the entry before its true place or, where those two
    have changed places, in its true place.
    """
    columns = (AuditRow.number, AuditRow.hash)
    statement = select(*columns).order_by(AuditRow.number)
    async with db.stream(statement.execution_options(yield_per=_ROWS_OF_A_FETCH)) as rows:
        async for number, predecessor in rows:
            for place in (number + 1, number):
                if chain.holds(predecessor, link.at(place), hash):
                    return int(place)
    return 1 if chain.holds(NOTHING.hash, link.at(1), hash) else None


async def links(db: Reading) -> AsyncIterator[tuple[Link, bytes]]:
    """Every entry as it is stored, in the chain's order, and its hash."""
    statement = select(*_LINK, AuditRow.hash).order_by(AuditRow.number)
    async with db.stream(statement.execution_options(yield_per=_ROWS_OF_A_FETCH)) as rows:
        async for row in rows:
            *link, hash = row
            yield Link(*link), hash


def _bare(id_column: Any) -> ColumnElement[Any]:
    """As it is stored: the prefix of an id is no part of the chain."""
    return type_coerce(id_column, Uuid())


_LINK = (
    AuditRow.number,
    _bare(AuditRow.id),
    _bare(AuditRow.actor_id),
    AuditRow.action,
    AuditRow.entity_type,
    AuditRow.entity_id,
    AuditRow.before_json,
    AuditRow.after_json,
    _bare(AuditRow.concerns),
    AuditRow.ip,
    AuditRow.created_at,
)
