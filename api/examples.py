"""Examples of what travels, made from the schemas: the same ones every time.

The documents show them and the mock answers with them. A field's own `examples` are the best there
is; what has none gets its default, or the plainest value that its type, format and bounds allow.
"""

import json
import math
from contextlib import suppress
from typing import Any, TypeVar

from pydantic.json_schema import JsonSchemaMode

from api.json_schema import GOT, SENT, Schema
from api.routing import WrongDeclaration
from api.wire import Wire
from api.ws.declare import DeclaredCommand, Event

W = TypeVar("W", bound=Wire)


class NoExample(WrongDeclaration):
    """Nothing valid can be made up for a field; the message says which one wants `examples`."""


def example_of(model: type[Wire], mode: JsonSchemaMode = GOT) -> Any:
    """The example of a model, as JSON."""
    schema = model.model_json_schema(mode=mode)
    return _Maker(schema.get("$defs", {})).make(schema, model.__name__)


def instance_of(model: type[W]) -> W:
    """The example as the server's code would hold it."""
    return model.model_validate_json(json.dumps(example_of(model)), strict=True)


def example_command(command: DeclaredCommand) -> dict[str, Any]:
    return {**example_of(command.body, SENT), "type": command.name, "id": FRAME_ID}


def example_event(event: type[Event], reply_to: str | None = None) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(instance_of(event).frame(reply_to))
    return frame


FRAME_ID = "7"

_BY_FORMAT = {
    "date-time": "2026-03-01T12:00:00.000Z",
    "date": "2026-03-01",
    "time": "12:00:00",
    "duration": "PT90S",
    "email": "lia@family.example",
    "uri": "https://hearth.example/",
    "uuid": "0195510f-8c00-7000-8000-000000000001",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "binary": "",
    "base64url": "aGVhcnRo",
    "password": "three sleepy kittens",
}
_FILLER = "something "


class _Endless(NoExample):
    """The schema holds itself here; whoever can leave this part out does."""


class _Maker:
    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions
        self._open: list[str] = []

    def make(self, schema: Schema, place: str) -> Any:
        if "examples" in schema:
            return schema["examples"][0]
        for keyword in ("default", "const"):
            if keyword in schema:
                return schema[keyword]
        if "enum" in schema:
            return schema["enum"][0]
        if "$ref" in schema:
            return self._referred(schema["$ref"].removeprefix("#/$defs/"), place)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._first_possible(schema[keyword], place)
        return self._by_type(schema, place)

    def _referred(self, name: str, place: str) -> Any:
        if name in self._open:
            raise _Endless(f"{place} needs examples=[…]: it holds itself without end")
        self._open.append(name)
        try:
            return self.make(self._definitions[name], place)
        finally:
            self._open.pop()

    def _first_possible(self, choices: list[Schema], place: str) -> Any:
        *others, last = choices
        for choice in others:
            with suppress(_Endless):
                return self.make(choice, place)
        return self.make(last, place)

    def _by_type(self, schema: Schema, place: str) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, place)
            case "array":
                return self._array(schema, place)
            case "string":
                return _text(schema, place)
            case "integer" | "number":
                return _number(schema, place)
            case "boolean":
                return True
        return None

    def _object(self, schema: Schema, place: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        required = schema.get("required", [])
        for name, field in schema.get("properties", {}).items():
            try:
                made[name] = self.make(field, f"{place}.{name}")
            except _Endless:
                if name in required:
                    raise
        if schema.get("minProperties", 0) > len(made):
            raise NoExample(f"{place} needs examples=[…]: its keys can't be made up")
        return made

    def _array(self, schema: Schema, place: str) -> list[Any]:
        if "prefixItems" in schema:
            return [self.make(item, place) for item in schema["prefixItems"]]
        count = max(schema.get("minItems", 0), 1)
        if schema.get("maxItems") == 0 or "items" not in schema:
            return []
        if schema.get("uniqueItems") and count > 1:
            raise NoExample(f"{place} needs examples=[…]: it wants several that differ")
        try:
            return [self.make(schema["items"], f"{place}[]") for _ in range(count)]
        except _Endless:
            if schema.get("minItems", 0):
                raise
            return []


def _text(schema: Schema, place: str) -> str:
    if "pattern" in schema:
        raise NoExample(f"{place} needs examples=[…]: nothing can be made up for its pattern")
    text = _BY_FORMAT.get(schema.get("format", ""))
    if text is not None:
        return text
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    length = int(min(max(least, len(_FILLER) - 1), most))
    return (_FILLER * (length // len(_FILLER) + 1))[:length]


def _number(schema: Schema, place: str) -> float:
    """The multiple of the step that is nearest to 1 within the bounds."""
    step = schema.get("multipleOf", 1)
    low, high = -math.inf, math.inf
    if "minimum" in schema:
        low = math.ceil(schema["minimum"] / step) * step
    if "exclusiveMinimum" in schema:
        low = (math.floor(schema["exclusiveMinimum"] / step) + 1) * step
    if "maximum" in schema:
        high = math.floor(schema["maximum"] / step) * step
    if "exclusiveMaximum" in schema:
        high = (math.ceil(schema["exclusiveMaximum"] / step) - 1) * step
    if low > high:
        raise NoExample(f"{place} needs examples=[…]: no round number lies in its bounds")
    number: float = max(low, min(high, step))
    return number
