"""What is personal in an audit entry: sealed as it is written, opened as far as it still opens."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from store.deeds import Actor, Deed
from store.envelope import DoesNotOpen, PersonKey
from store.ids import new_id

Keys = Mapping[str, PersonKey]


class Columns(TypedDict):
    """An entry as it is stored, less what its place in the chain says: number, time and hash."""

    id: str
    actor_id: str | None
    action: str
    entity_type: str
    entity_id: str | None
    before_json: str | None
    after_json: str | None
    concerns: str | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done, as far as it can be read."""

    id: str
    actor_id: str | None
    action: str
    entity_type: str
    entity_id: str | None
    before_json: str | None = field(repr=False)
    after_json: str | None = field(repr=False)
    ip: str | None = field(repr=False)
    created_at: datetime
    number: int
    hash: bytes

    @property
    def before(self) -> dict[str, Any] | None:
        return _facts(self.before_json)

    @property
    def after(self) -> dict[str, Any] | None:
        return _facts(self.after_json)


def _facts(stored: str | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    try:
        facts = json.loads(stored)
    except ValueError:
        return None  # altered: see `_open`
    return facts if isinstance(facts, dict) else None


def people_in(actor: Actor, deed: Deed) -> Iterator[str]:
    """Whose keys the entry takes: nobody gets one for an entry that says nothing about them."""
    if actor.user_id is not None and actor.ip is not None:
        yield actor.user_id
    if deed.concerns is not None and (deed.before is not None or deed.after is not None):
        yield deed.concerns


def sealed(actor: Actor, deed: Deed, now: datetime, keys: Keys) -> Columns:
    entry_id = new_id("a", now)
    return {
        "id": entry_id,
        "actor_id": actor.user_id,
        "action": deed.action,
        "entity_type": deed.entity_type,
        "entity_id": deed.entity_id,
        "before_json": _seal(deed.before, deed.concerns, keys, entry_id, "before_json"),
        "after_json": _seal(deed.after, deed.concerns, keys, entry_id, "after_json"),
        "concerns": deed.concerns,
        # Without a person's key to go with it, an address could never be erased: it is not kept.
        "ip": actor.user_id and _seal(actor.ip, actor.user_id, keys, entry_id, "ip"),
    }


def people_of(row: Any) -> Iterator[str]:
    """Whose keys open what is stored."""
    if row.actor_id is not None and row.ip is not None:
        yield row.actor_id
    if row.concerns is not None and (row.before_json is not None or row.after_json is not None):
        yield row.concerns


def opened(row: Any, keys: Keys) -> Entry:
    return Entry(
        id=row.id,
        actor_id=row.actor_id,
        action=row.action,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        before_json=_open(row.before_json, row.concerns, keys, row.id, "before_json"),
        after_json=_open(row.after_json, row.concerns, keys, row.id, "after_json"),
        ip=_open(row.ip, row.actor_id, keys, row.id, "ip"),
        created_at=row.created_at,
        number=row.number,
        hash=row.hash,
    )


def _seal(
    plain: str | None, person: str | None, keys: Keys, entry_id: str, column: str
) -> str | None:
    if plain is None or person is None:
        return plain
    return b64encode(keys[person].seal(plain.encode(), _place(entry_id, column))).decode()


def _open(
    stored: str | None, person: str | None, keys: Keys, entry_id: str, column: str
) -> str | None:
    if stored is None or person is None:
        return stored
    key = keys.get(person)
    if key is None:
        return None  # the person has been erased
    try:
        return key.open(b64decode(stored), _place(entry_id, column)).decode()
    except (DoesNotOpen, ValueError):
        # Altered, which is `hearth audit verify`'s to tell: the rest of the log is still read.
        return None


def _place(entry_id: str, column: str) -> bytes:
    """Binds what is sealed to where it stands: in another entry or column it does not open."""
    _, _, bare = entry_id.rpartition("_")  # what is stored; the prefix may change
    return f"{bare}/{column}".encode()
