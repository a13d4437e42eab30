"""The audit log as a table for spreadsheets: CSV as RFC 4180 has it."""

import csv
import io
from collections.abc import AsyncGenerator, Iterable, Sequence

from api.wire import in_milliseconds
from store.audit import AuditLog, Wanted
from store.audit_entry import Entry
from store.database import Database

MEDIA_TYPE = "text/csv"
# What a spreadsheet takes for the beginning of a formula, and obeys.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HEADS = (
    "id",
    "actor_id",
    "action",
    "entity_type",
    "entity_id",
    "before_json",
    "after_json",
    "ip",
    "created_at",
    "number",
    "hash",
)


async def table(db: Database, log: AuditLog, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """All the entries that are wanted, newest first, a piece at a time."""
    async with db.scan() as reading:
        head = csv_lines([_HEADS])
        async for entries in log.stream(reading, wanted):
            yield head + csv_lines(map(_cells, entries))
            head = b""
        if head:
            yield head


def _cells(entry: Entry) -> tuple[str | None, ...]:
    return (
        entry.id,
        entry.actor_id,
        entry.action,
        entry.entity_type,
        entry.entity_id,
        entry.before_json,
        entry.after_json,
        entry.ip,
        in_milliseconds(entry.created_at),
        str(entry.number),
        entry.hash.hex(),
    )


def csv_lines(rows: Iterable[Sequence[str | None]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines).writerows([_harmless(cell) for cell in row] for row in rows)
    return lines.getvalue().encode()


def _harmless(cell: str | None) -> str | None:
    """With an apostrophe in front, which makes a spreadsheet show it as it is."""
    return f"'{cell}" if cell is not None and cell.startswith(_FORMULA) else cell
