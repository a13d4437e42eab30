"""Ids: a prefix that tells the kind, over a time-ordered UUID.

The database keeps the bare UUID (16 bytes, in the order of making, so indexes grow at their end);
the prefix is put on and taken off at its edge. An id therefore has exactly one spelling, and one of
the wrong kind cannot reach a query.
"""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, Uuid

# Crockford's alphabet: its order is that of the values, so that sorted ids are sorted by time.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 26  # 128 bits, five to a letter


class WrongId(DontWrapMixin, ValueError):
    """The text is no id of the kind that is wanted: whatever it names does not exist."""

    # As a bound value it surfaces from inside a statement: SQLAlchemy lets it through as it is.


def new_id(prefix: str, now: datetime) -> str:
    """RFC 9562, version 7: 48 bits of milliseconds, then randomness."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return _spell(prefix, value)


def parse_id(prefix: str, text: str) -> UUID:
    kind, _, letters = text.rpartition("_")
    if kind != prefix or len(letters) != _LENGTH:
        raise WrongId(f"not an id of the kind {prefix}_")
    value = 0
    for letter in letters:
        digit = _VALUES.get(letter)
        if digit is None:
            raise WrongId(f"not an id of the kind {prefix}_")
        value = value << 5 | digit
    if value >> 128:
        raise WrongId(f"not an id of the kind {prefix}_")
    return UUID(int=value)


def _spell(prefix: str, value: int) -> str:
    letters = [_ALPHABET[value >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)]
    return f"{prefix}_{''.join(letters)}"


class Id(TypeDecorator[str]):
    """A column of ids of one kind."""

    impl = Uuid
    cache_ok = True

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def process_bind_param(self, value: str | None, dialect: Dialect) -> UUID | None:
        return None if value is None else parse_id(self.prefix, value)

    def process_result_value(self, value: UUID | None, dialect: Dialect) -> str | None:
        return None if value is None else _spell(self.prefix, value.int)
