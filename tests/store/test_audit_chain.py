"""The chain's arithmetic: what a hash rests on."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from store.audit_chain import NOTHING, Chain, Link
from tests.support.clock import START

LINK = Link(
    number=7,
    id=UUID(int=1),
    actor_id=UUID(int=2),
    action="account.suspend",
    entity_type="user",
    entity_id="u_1",
    before_json="{}",
    after_json="{}",
    concerns=UUID(int=3),
    ip="sealed",
    created_at=START,
)
OTHERWISE: dict[str, Any] = {
    "number": 8,
    "id": UUID(int=9),
    "actor_id": None,
    "action": "account.restore",
    "entity_type": "family",
    "entity_id": None,
    "before_json": "",
    "after_json": None,
    "concerns": None,
    "ip": "",
    "created_at": START + timedelta(microseconds=1),
}
TEXTS = some.none() | some.text(max_size=4)


@pytest.mark.parametrize("column", [field.name for field in fields(Link)])
def test_every_column_counts(column: str) -> None:
    chain = Chain(b"key")
    changed = replace(LINK, **{column: OTHERWISE[column]})
    assert chain.head(NOTHING.hash, changed).hash != chain.head(NOTHING.hash, LINK).hash


def test_the_hash_before_and_the_key_count() -> None:
    hash = Chain(b"key").head(NOTHING.hash, LINK).hash
    assert Chain(b"key").holds(NOTHING.hash, LINK, hash)
    assert not Chain(b"key").holds(hash, LINK, hash)
    assert not Chain(b"another").holds(NOTHING.hash, LINK, hash)


@given(some.tuples(TEXTS, TEXTS, TEXTS), some.tuples(TEXTS, TEXTS, TEXTS))
def test_no_two_entries_read_the_same(one: Any, other: Any) -> None:
    """Nothing can be moved from one column into its neighbour."""
    names = ("entity_id", "before_json", "after_json")
    first, second = (replace(LINK, **dict(zip(names, each, strict=True))) for each in (one, other))
    assert (first.encoded() == second.encoded()) == (one == other)


def test_the_key_is_not_shown() -> None:
    assert "key" not in repr(Chain(b"key"))
