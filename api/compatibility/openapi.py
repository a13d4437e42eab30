"""What breaks between two OpenAPI documents."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from api.compatibility.schemas import Document, SchemaChanges, resolve

Part = Mapping[str, Any]


def breaking_changes(old: Document, new: Document) -> list[str]:
    return list(dict.fromkeys(_Comparison(old, new).lines()))


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._schemas = SchemaChanges(old, new)

    def lines(self) -> Iterator[str]:
        present = _operations(self._new)
        for key, (place, operation) in _operations(self._old).items():
            if key not in present:
                yield f"{place}: removed"
                continue
            _, now = present[key]
            yield from access_lost(place, operation, now)
            yield from _security(place, operation, now)
            yield from self._parameters(place, operation, now)
            yield from self._body(place, operation, now)
            yield from self._answers(place, operation, now)

    def _parameters(self, place: str, old: Part, new: Part) -> Iterator[str]:
        before, after = _parameters(self._old, old), _parameters(self._new, new)
        for key, parameter in before.items():
            where = f"{place} {parameter['in']}.{parameter['name']}"
            if key not in after:
                yield f"{where}: no longer taken"
                continue
            yield from self._schemas.sent(where, parameter["schema"], after[key]["schema"])
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{place} {parameter['in']}.{parameter['name']}: now required"

    def _body(self, place: str, old: Part, new: Part) -> Iterator[str]:
        before = resolve(self._old, old.get("requestBody", {}))
        after = resolve(self._new, new.get("requestBody", {}))
        # Where there was a body before, its schema tells what of it is required now.
        if after.get("required") and not before:
            yield f"{place} body: now required"
        for media_type, content in before.get("content", {}).items():
            if media_type not in after.get("content", {}):
                yield f"{place} body: no longer taken as {media_type}"
                continue
            now = after["content"][media_type]
            yield from self._schemas.sent(
                f"{place} body", content.get("schema", {}), now.get("schema", {})
            )

    def _answers(self, place: str, old: Part, new: Part) -> Iterator[str]:
        for status, answer in old["responses"].items():
            if not status.startswith(("2", "3")):
                continue  # clients cope with any refusal: they know its shape
            if status not in new["responses"]:
                yield f"{place}: no longer answers {status}"
                continue
            yield from self._answer(
                f"{place} answer",
                resolve(self._old, answer),
                resolve(self._new, new["responses"][status]),
            )

    def _answer(self, place: str, old: Part, new: Part) -> Iterator[str]:
        for name in old.get("headers", {}):
            if name not in new.get("headers", {}):
                yield f"{place} header {name}: removed"
        for media_type, content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{place}: no longer as {media_type}"
                continue
            now = new["content"][media_type]
            yield from self._schemas.got(place, content.get("schema", {}), now.get("schema", {}))


def _operations(document: Document) -> dict[tuple[str, str], tuple[str, Part]]:
    """Each operation with its place, by method and path, in which parameters have no names."""
    return {
        (method, re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")): (
            f"{method.upper()} {path}",
            operation,
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def _parameters(document: Document, operation: Part) -> dict[tuple[str, str], Part]:
    resolved = (resolve(document, part) for part in operation.get("parameters", ()))
    return {
        (parameter["in"], parameter["name"].lower()): parameter
        for parameter in resolved
        if parameter["in"] != "path"
    }


def _security(place: str, old: Part, new: Part) -> Iterator[str]:
    """One of the ways that led in before has to lead in still."""
    before: list[Part] = old.get("security") or [{}]
    after: list[Part] = new.get("security") or [{}]
    for way in before:
        if not any(still.keys() <= way.keys() for still in after):
            needed = " or ".join(" and ".join(still) for still in after)
            yield f"{place}: now needs {needed} instead of {' and '.join(way) or 'nothing'}"


def access_lost(place: str, old: Part, new: Part) -> Iterator[str]:
    """Roles that are refused now, and a flag that has to be on first."""
    if "x-hearth-roles" in new:
        for role in old.get("x-hearth-roles", ()):
            if role not in new["x-hearth-roles"]:
                yield f"{place}: now refuses {role}"
    flag = new.get("x-hearth-flag")
    if flag is not None and flag != old.get("x-hearth-flag"):
        yield f"{place}: now needs the flag {flag}"
