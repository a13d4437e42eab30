"""JSON Schema of what travels, as the OpenAPI and the AsyncAPI document both show it."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from api.routing import WrongDeclaration
from api.wire import Wire

Schema = dict[str, Any]
Use = tuple[type[Wire], JsonSchemaMode]

# What a client sends is read strictly; what it gets may have fields that it does not know yet.
SENT: JsonSchemaMode = "validation"
GOT: JsonSchemaMode = "serialization"

_PLACE = "#/components/schemas/"


class Schemas:
    """The schemas of one document: each model once, under its own name."""

    def __init__(self, uses: Iterable[Use], written: Mapping[str, Schema] | None = None) -> None:
        """`written` are the few that no model makes."""
        self._references, generated = models_json_schema(
            list(dict.fromkeys(uses)),
            ref_template=_PLACE + "{model}",
            schema_generator=_Generator,
        )
        made: dict[str, Schema] = generated.get("$defs", {})
        for name, definition in made.items():
            definition.pop("title", None)  # it only repeats the name
            if "__" in name:
                raise WrongDeclaration(
                    f"{name.replace('__', '.')} shares its name with another schema;"
                    " the documents know each by its name alone, so rename one of them"
                )
        self._definitions = {**(written or {}), **made}

    def reference(self, model: type[Wire], mode: JsonSchemaMode) -> Schema:
        return dict(self._references[model, mode])

    def inline(self, model: type[Wire], mode: JsonSchemaMode) -> Schema:
        """The schema itself, for what the document takes apart instead of naming it."""
        return copy.deepcopy(self._definitions[_name(self._references[model, mode]["$ref"])])

    def used_in(self, document: Any) -> dict[str, Schema]:
        """Those that the document refers to, directly or through others, by name."""
        found: set[str] = set()
        waiting = set(_references(document))
        while waiting:
            name = waiting.pop()
            found.add(name)
            waiting |= set(_references(self._definitions[name])) - found
        return {name: self._definitions[name] for name in sorted(found)}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith(_PLACE):
            yield _name(reference)
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _name(reference: str) -> str:
    return reference.removeprefix(_PLACE)


class _Generator(GenerateJsonSchema):
    """Pydantic's, with names that read well and no titles that only repeat them."""

    def normalize_name(self, name: str) -> str:
        spoken = name.replace("[", "Of").replace(",", "And").replace("]", "").replace(" ", "")
        return super().normalize_name(spoken)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Schema:
        made = super().tagged_union_schema(schema)
        # OpenAPI and AsyncAPI spell a discriminator differently; the tags' constants say the same.
        made.pop("discriminator", None)
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        made = super().model_schema(schema)
        # Fields may be added to an answer at any time: no client may count on their absence.
        if self.mode == GOT and made.get("additionalProperties") is False:
            del made["additionalProperties"]
        return made
