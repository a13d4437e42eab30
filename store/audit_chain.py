"""The chain of the audit log: each entry's hash rests on the entry itself and on the hash before.

Whoever changes, removes or reorders entries would have to make every later hash anew, and cannot
without the key. Hashed is the form that is stored, so that the chain still holds when a person's
key has been destroyed and what was sealed under it can't be read any more.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INTEGER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the newest entry's number and hash."""

    number: int
    hash: bytes


# The head of a log that has no entries yet.
NOTHING = Head(0, bytes(32))


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is stored, in the order of its columns, all but its hash."""

    number: int
    id: UUID
    actor_id: UUID | None
    action: str
    entity_type: str
    entity_id: str | None
    before_json: str | None = field(repr=False)
    after_json: str | None = field(repr=False)
    concerns: UUID | None
    ip: str | None = field(repr=False)
    created_at: datetime

    def at(self, number: int) -> "Link":
        """The same entry in another place."""
        return replace(self, number=number)

    def encoded(self) -> bytes:
        """Unambiguous: of two different entries no two encodings are the same."""
        return b"".join(self._encoded())

    def _encoded(self) -> Iterator[bytes]:
        yield _integer(self.number)
        yield _uuid(self.id)
        yield _uuid(self.actor_id)
        yield _text(self.action)
        yield _text(self.entity_type)
        yield _text(self.entity_id)
        yield _text(self.before_json)
        yield _text(self.after_json)
        yield _uuid(self.concerns)
        yield _text(self.ip)
        yield _integer((self.created_at - _EPOCH) // _MICROSECOND)


def _integer(value: int) -> bytes:
    return value.to_bytes(_INTEGER_BYTES, "big", signed=True)


def _uuid(value: UUID | None) -> bytes:
    return _bytes(None if value is None else value.bytes)


def _text(value: str | None) -> bytes:
    return _bytes(None if value is None else value.encode())


def _bytes(value: bytes | None) -> bytes:
    """With its length in front; what is missing is not what is empty."""
    return b"\0" if value is None else b"\1" + _integer(len(value)) + value


class Chain:
    """The chain's key, and what is done with it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Chain(…)"

    def head(self, before: bytes, link: Link) -> Head:
        """The head after the entry, from the hash before it."""
        return Head(link.number, hmac.digest(self._key, before + link.encoded(), "sha256"))

    def holds(self, before: bytes, link: Link, hash: bytes) -> bool:
        return hmac.compare_digest(self.head(before, link).hash, hash)
