"""From what was sent to what a schema says, or to a refusal that names each field that is wrong."""

import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from api.errors import Detail, ValidationFailed
from api.wire import Wire

W = TypeVar("W", bound=Wire)

# An escaped NUL: the one character that PostgreSQL's texts can't hold.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# What Python reads as one is more than people write: 1_0, 1.0.
_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
_MOST_DETAILS = 20


def parse_json(schema: type[W], raw: bytes) -> W:
    if _NUL.search(raw):
        raise ValidationFailed("A text in there holds the character NUL. Leave it out.")
    try:
        return schema.model_validate_json(raw, strict=True)
    except ValidationError as wrong:
        raise _refused(wrong) from None


def parse_strings(schema: type[W], values: Mapping[str, str]) -> W:
    """For queries and forms, where everything is text."""
    _refuse_nul(values)
    try:
        parsed = schema.model_validate_strings(dict(values))
    except ValidationError as wrong:
        raise _refused(wrong) from None
    _refuse_odd_numbers(parsed, values)
    return parsed


def parse_parts(schema: type[W], values: Mapping[str, object]) -> W:
    """For multipart bodies, where everything is text but the file."""
    _refuse_nul({name: text for name, text in values.items() if isinstance(text, str)})
    try:
        parsed = schema.model_validate(dict(values))
    except ValidationError as wrong:
        raise _refused(wrong) from None
    _refuse_odd_numbers(parsed, values)
    return parsed


def without_fields(raw: bytes, names: frozenset[str]) -> bytes:
    """The same object less some of its fields; what is no object is left for the validation."""
    if not names:
        return raw
    try:
        body = from_json(raw)
    except ValueError:
        return raw
    if not isinstance(body, dict) or names.isdisjoint(body):
        return raw
    return to_json({name: value for name, value in body.items() if name not in names})


def _refuse_nul(values: Mapping[str, str]) -> None:
    nul = [Detail(name, "holds the character NUL") for name, text in values.items() if "\0" in text]
    if nul:
        raise ValidationFailed(_sentence(nul), details=nul)


def _refuse_odd_numbers(parsed: Wire, values: Mapping[str, object]) -> None:
    odd = [
        Detail(told, "is not a whole number")
        for name, field in type(parsed).model_fields.items()
        if type(getattr(parsed, name)) is int
        and isinstance(text := values.get(told := field.alias or name), str)
        and not _WHOLE_NUMBER.fullmatch(text)
    ]
    if odd:
        raise ValidationFailed(_sentence(odd), details=odd)


def _refused(wrong: ValidationError) -> ValidationFailed:
    # What was sent is never echoed: it may be a password in the wrong field.
    errors = wrong.errors(include_url=False, include_input=False, include_context=False)
    if errors[0]["type"] == "json_invalid":
        return ValidationFailed("That is not JSON. Send an object such as {}.")
    details = [
        Detail(".".join(map(str, error["loc"])), _problem(error))
        for error in errors[:_MOST_DETAILS]
    ]
    return ValidationFailed(_sentence(details), details=details)


_PROBLEMS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "model_type": "is not an object",
}


def _problem(error: ErrorDetails) -> str:
    known = _PROBLEMS.get(error["type"])
    if known is not None:
        return known
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _sentence(details: list[Detail]) -> str:
    if not details[0].field:
        return f"What was sent {details[0].problem}."
    fields = ", ".join(dict.fromkeys(detail.field for detail in details))
    return f"Look again at: {fields}."
