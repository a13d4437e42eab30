"""Multiranges, which psycopg2 returns as text and does not know how to send."""

import re
from collections.abc import Callable
from typing import Any

from psycopg2.extensions import connection, cursor, new_type, register_type
from sqlalchemy.dialects.postgresql.ranges import AbstractMultiRangeImpl, MultiRange, Range
from sqlalchemy.engine import Dialect

# PostgreSQL's built-in types have the same number in every database (pg_type.dat): multirange
# to the range it is made of.
_RANGE_OF = {4451: 3904, 4532: 3906, 4533: 3908, 4534: 3910, 4535: 3912, 4536: 3926}

# A bound with a bracket or a quote in it is quoted, with inner quotes doubled.
_ONE_RANGE = re.compile(r'[\[(](?:"(?:[^"]|"")*"|[^"\])])*[\])]')


def register_multiranges(on: connection) -> None:
    for multirange, element in _RANGE_OF.items():
        register_type(new_type((multirange,), "MULTIRANGE", _reader(element)), on)


def _reader(element: int) -> Callable[[Any, cursor], Any]:
    def read(text: Any, using: cursor) -> Any:
        if text is None:
            return None
        return [using.cast(element, part) for part in _ONE_RANGE.findall(text)]

    return read


class AiopgMultiRange(AbstractMultiRangeImpl[Any]):
    """Sends a multirange as the text of its ranges; the statement casts it to its type."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        def write(value: Any) -> Any:
            if value is None or isinstance(value, str):
                return value
            return "{" + ",".join(str(each) for each in value) + "}"

        return write

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        def read(value: Any) -> Any:
            if value is None:
                return None
            return MultiRange(Range(each.lower, each.upper, bounds=each._bounds) for each in value)

        return read
