"""Who acts, and what they do: what a transaction collects for the audit log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where; without a user, somebody who has no account, or the server."""

    user_id: str | None = None
    ip: str | None = field(default=None, repr=False)


SERVER = Actor()


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done and has to be kept for good.

    `before` and `after` are JSON already: what cannot be kept is an error where it is said, and
    not at the commit. They are personal if they concern somebody.
    """

    action: str
    entity_type: str
    entity_id: str | None
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)
    concerns: str | None

    @classmethod
    def of(
        cls,
        action: str,
        entity_type: str,
        entity_id: str | None,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        concerns: str | None,
    ) -> Self:
        return cls(action, entity_type, entity_id, _json(before), _json(after), concerns)


def _json(facts: Mapping[str, Any] | None) -> str | None:
    if facts is None:
        return None
    return json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
