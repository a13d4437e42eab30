"""What a change of a schema breaks: for those who send by it, and for those who read by it.

Who sends is hurt when less is taken than before; who reads is hurt when something comes, or fails
to come, that was never announced. New values of an enumeration in an answer are announced: the
guide tells clients to expect them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
Document = Mapping[str, Any]
# The ways in which a value may fit a schema: by its JSON type, and then by name.
Ways = Mapping[str, Mapping[str, Schema]]
Comparing = Callable[[str, Ways, Ways], Iterator[str]]

# Each bound, and whether a larger value lets less through.
_BOUNDS = {
    "minimum": True,
    "exclusiveMinimum": True,
    "minLength": True,
    "minItems": True,
    "minProperties": True,
    "maximum": False,
    "exclusiveMaximum": False,
    "maxLength": False,
    "maxItems": False,
    "maxProperties": False,
}
# What narrows by being there at all, and by being another one than before.
_NARROWING = ("pattern", "format", "multipleOf")
_WIDER = {"integer": "number"}
_ANYTHING = "anything"


def resolve(document: Document, part: Any) -> Any:
    """What a `$ref` stands for, with what is said beside it."""
    while isinstance(part, Mapping) and "$ref" in part:
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        beside = {key: value for key, value in part.items() if key != "$ref"}
        part = {**target, **beside}
    return part


class SchemaChanges:
    """Compares schemas of an old and a new document."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        # The schemas that are being compared right now: some hold themselves.
        self._open: list[tuple[str, str]] = []

    def sent(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """What breaks for those who send."""
        yield from self._guarded(place, old, new, self._sent)

    def got(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """What breaks for those who read."""
        yield from self._guarded(place, old, new, self._got)

    def _guarded(self, place: str, old: Schema, new: Schema, compare: Comparing) -> Iterator[str]:
        names = (old.get("$ref", ""), new.get("$ref", ""))
        if all(names) and names in self._open:
            return
        self._open.append(names)
        yield from compare(place, _ways(self._old, old), _ways(self._new, new))
        self._open.pop()

    def _sent(self, place: str, old: Ways, new: Ways) -> Iterator[str]:
        for kind, before in old.items():
            after = _of_kind(new, kind)
            if after is None:
                yield f"{place}: no longer takes {kind}"
                continue
            yield from _values_lost(place, before, after)
            for name in _left_over(kind, before, after):
                yield f"{place}: no longer takes {name}"
            for was, now in _pairs(before, after):
                yield from _narrowed(place, was, now)
                yield from self._fields_sent(place, was, now)
                yield from _within(place, was, now, self.sent)

    def _got(self, place: str, old: Ways, new: Ways) -> Iterator[str]:
        for kind, after in new.items():
            before = _of_kind(old, kind)
            if before is None:
                yield f"{place}: may now be {kind}"
                continue
            for name in _left_over(kind, after, before):
                yield f"{place}: may now be {name}"
            for was, now in _pairs(before, after):
                if "format" in was and was["format"] != now.get("format"):
                    yield f"{place}: is no longer a {was['format']}"
                yield from self._fields_got(place, was, now)
                yield from _within(place, was, now, self.got)

    def _fields_sent(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, field in before.items():
            if name in after:
                yield from self.sent(f"{place}.{name}", field, after[name])
            elif new.get("additionalProperties") is False:
                yield f"{place}.{name}: no longer taken"
        for name in new.get("required", ()):
            if name not in old.get("required", ()):
                yield f"{place}.{name}: now required"

    def _fields_got(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, field in before.items():
            if name not in after:
                yield f"{place}.{name}: removed"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{place}.{name}: may now be absent"
            yield from self.got(f"{place}.{name}", field, after[name])


def _within(
    place: str, old: Schema, new: Schema, compare: Callable[[str, Schema, Schema], Iterator[str]]
) -> Iterator[str]:
    """The items of an array, and the values of an object whose keys are free."""
    for keyword, step in (("items", "[]"), ("additionalProperties", "{}")):
        before, after = old.get(keyword), new.get(keyword)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from compare(f"{place}{step}", before, after)


def _ways(document: Document, schema: Schema) -> Ways:
    found: dict[str, dict[str, Schema]] = {}
    for name, choice in _choices(document, schema):
        kinds = choice.get("type", _type_of_values(choice))
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            alike = found.setdefault(kind, {})
            alike[name or f"{kind} {len(alike) + 1}"] = choice
    return found


def _of_kind(ways: Ways, kind: str) -> Mapping[str, Schema] | None:
    return ways.get(kind) or ways.get(_WIDER.get(kind, "")) or ways.get(_ANYTHING)


def _pairs(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[tuple[Schema, Schema]]:
    """What is to be compared: the only choices there are, whatever their names, or namesakes."""
    if len(old) == len(new) == 1:
        yield from zip(old.values(), new.values(), strict=True)
        return
    for name in old.keys() & new.keys():
        yield old[name], new[name]


def _left_over(kind: str, some: Mapping[str, Schema], others: Mapping[str, Schema]) -> list[str]:
    """The choices among objects that the other side has not; other types are told by values."""
    if kind != "object" or len(some) == len(others) == 1:
        return []
    return sorted(some.keys() - others.keys())


def _choices(document: Document, schema: Schema) -> Iterator[tuple[str, Schema]]:
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = resolve(document, schema)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            for choice in schema[keyword]:
                yield from _choices(document, choice)
            return
    yield name, schema


def _type_of_values(schema: Schema) -> str:
    match _values(schema):
        case [str(), *_]:
            return "string"
        case [bool(), *_]:
            return "boolean"
        case [int() | float(), *_]:
            return "number"
    return _ANYTHING


def _values(schema: Schema) -> list[Any] | None:
    """The only values that fit; None: there is no such list."""
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _values_lost(place: str, old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[str]:
    taken: list[Any] = []
    for choice in new.values():
        values = _values(choice)
        if values is None:
            return
        taken.extend(values)
    for choice in old.values():
        values = _values(choice)
        if values is None:
            yield f"{place}: takes only {', '.join(map(repr, taken))}"
        for value in values or ():
            if value not in taken:
                yield f"{place}: no longer takes {value!r}"


def _narrowed(place: str, old: Schema, new: Schema) -> Iterator[str]:
    for keyword, larger_is_narrower in _BOUNDS.items():
        before, after = old.get(keyword), new.get(keyword)
        if after is None or after == before:
            continue
        if before is None or (after > before) == larger_is_narrower:
            yield f"{place}: {keyword} is now {after}"
    for keyword in _NARROWING:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{place}: {keyword} is now {new[keyword]}"
