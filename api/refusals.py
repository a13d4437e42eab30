"""How a route may be refused, as the OpenAPI document shows it."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.errors import Code
from api.json_schema import Schema
from api.routing import Route
from api.versions import JSON, VENDOR_JSON

# The refusals that a route need not name, because they follow from what it is.
_ALWAYS = (
    Code.VALIDATION_FAILED,
    Code.BAD_REQUEST,
    Code.NOT_FOUND,
    Code.METHOD_NOT_ALLOWED,
    Code.NOT_ACCEPTABLE,
    Code.INTERNAL,
    Code.UNAVAILABLE,
)
_SIGNED_IN = (Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED, Code.FORBIDDEN, Code.SUSPENDED)
_WITH_BODY = (Code.PAYLOAD_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE)
_LIMITED = (Code.RATE_LIMITED,)
_REPEATABLE = (Code.CONFLICT, Code.IDEMPOTENCY_MISMATCH)

_MEANINGS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "What was sent can't be read, or a field of it is wrong."),
    401: ("Unauthenticated", "No token, or one that opens nothing here."),
    403: ("Forbidden", "Known, but not allowed to do this."),
    404: ("NotFound", "There is no such thing, or none that the caller may know of."),
    405: ("MethodNotAllowed", "Another method at this path; `Allow` lists those that are served."),
    406: ("NotAcceptable", "`Accept` asks for a version that is not served here."),
    409: ("Conflict", "It does not fit what is there already."),
    412: ("PreconditionFailed", "It has changed since: `If-Match` names an older version."),
    413: ("PayloadTooLarge", "The body is larger than this route takes."),
    415: ("UnsupportedMediaType", "The body is of a kind that this route does not read."),
    416: ("RangeNotSatisfiable", "The range lies behind the end; `Content-Range` tells where."),
    422: ("Unprocessable", "It reads well, and is refused for what it holds."),
    429: ("TooManyRequests", "Too much at once; `Retry-After` tells when to come back."),
    500: ("ServerError", "A fault of the server. It may or may not have been done."),
    503: ("Unavailable", "A part of the server is away or was never set up."),
}
_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    503: ("Retry-After",),
}

ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "Whatever goes wrong, in one shape.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "enum": [str(code) for code in Code]},
                "message": {"type": "string", "description": "For the person at the client."},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                        "required": ["field", "problem"],
                    },
                },
                "request_id": {"type": "string", "description": "With a 500: for the log."},
            },
            "required": ["code", "message"],
        },
        "detail": {
            "type": "string",
            "description": "The message once more, on the older routes.",
            "deprecated": True,
        },
    },
    "required": ["error"],
}


def takes_body(route: Route) -> bool:
    """Whether there is something to send: JSON by its schema, or what is no JSON by its type."""
    return route.body is not None or route.consumes != JSON


def refusals(route: Route) -> dict[str, Any]:
    """The error responses of a route, by status; those that many routes share are references."""
    return {
        str(status): (
            {"$ref": f"#/components/responses/{_MEANINGS[status][0]}"}
            if codes == _SHARED.get(status)
            else _response(status, codes)
        )
        for status, codes in sorted(_by_status(_codes(route)).items())
    }


def shared_refusals() -> dict[str, Any]:
    return {_MEANINGS[status][0]: _response(status, codes) for status, codes in _SHARED.items()}


def json_content(content: dict[str, Any]) -> dict[str, Any]:
    """The same thing under both of its media types; one example is enough."""
    return {JSON: content, VENDOR_JSON: {"schema": content["schema"]}}


def _codes(route: Route) -> Iterable[Code]:
    yield from _ALWAYS
    if route.roles is not None:
        yield from _SIGNED_IN
    if takes_body(route):
        yield from _WITH_BODY
    if route.limit is not None:
        yield from _LIMITED
    if route.again is not None:
        yield from _REPEATABLE
    yield from route.refuses


def _by_status(codes: Iterable[Code]) -> dict[int, list[Code]]:
    found: dict[int, list[Code]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(int(code.status), []).append(code)
    return found


def _response(status: int, codes: list[Code]) -> dict[str, Any]:
    _, meaning = _MEANINGS[status]
    content = {
        "schema": {
            "$ref": "#/components/schemas/Error",
            "properties": {"error": {"properties": {"code": {"enum": [str(c) for c in codes]}}}},
        },
        "example": {"error": {"code": str(codes[0]), "message": meaning.replace("`", "")}},
    }
    headers = ("X-Request-ID", *_HEADERS.get(status, ()))
    return {
        "description": meaning,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": json_content(content),
    }


_SHARED = _by_status((*_ALWAYS, *_SIGNED_IN, *_WITH_BODY, *_LIMITED, *_REPEATABLE))
