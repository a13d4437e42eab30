"""The OpenAPI document, made from the declared routes."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from api import guide
from api.access import Role
from api.errors import Code
from api.examples import example_of
from api.json_schema import GOT, SENT, Schema, Schemas, Use
from api.refusals import ERROR_SCHEMA, json_content, refusals, shared_refusals, takes_body
from api.routing import Route
from api.versions import JSON
from api.wire import Wire

_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of an account's session. A browser's cookie may stand in"
        " its place: `hearth_session`, and `hearth_media` for `/media/…`, `hearth_refresh` for"
        " `/auth/logout`. What changes something then needs the header `X-CSRF-Token` besides, with"
        " the `csrf_token` of the sign-in's answer.",
    },
    "device": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that a television got when it was paired.",
    },
    "stream": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that came with a stream, for the program that broadcasts it.",
    },
    "metrics": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the server's configuration, for its metrics.",
    },
}
_CREDENTIALS = {
    "account": "bearer",
    "device": "device",
    "stream": "stream",
    "metrics": "metrics",
}

_PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A text of your choice, a new one for each thing that is to be made.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "example": "5f0c2b1e-lia-party",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` of what was seen: change that, and nothing newer.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
}

_HEADERS: dict[str, tuple[str, Schema]] = {
    "X-Request-ID": ("Leads to this request in the server's log.", {"type": "string"}),
    "ETag": ("The version of the answer, for `If-Match`.", {"type": "string"}),
    "Allow": ("The methods that this path knows.", {"type": "string"}),
    "Retry-After": ("Seconds until it is worth another try.", {"type": "integer"}),
    "WWW-Authenticate": ("How to sign in: `Bearer`.", {"type": "string"}),
    "RateLimit-Limit": ("How often a minute, at the most.", {"type": "integer"}),
    "RateLimit-Remaining": ("How often still.", {"type": "integer"}),
    "RateLimit-Reset": ("Seconds until it is more again.", {"type": "integer"}),
}
_LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def openapi_document(
    routes: Iterable[Route], *, title: str, version: str, server_url: str
) -> dict[str, Any]:
    declared = list(routes)
    schemas = Schemas((use for route in declared for use in _uses(route)), {"Error": ERROR_SCHEMA})
    # A thing that can be changed "as it was seen" says its version wherever it is answered.
    versioned = {route.path for route in declared if Code.PRECONDITION_FAILED in route.refuses}
    paths: dict[str, Any] = {}
    for route in declared:
        item = paths.setdefault(_PARAMETER.sub(r"{\1}", route.path), {})
        item[route.method.lower()] = _operation(route, schemas, tagged=route.path in versioned)
    responses = shared_refusals()
    return {
        "openapi": "3.1.1",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": title, "version": version, "description": guide.ROUTES},
        "servers": [{"url": server_url}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in declared)],
        "paths": paths,
        "components": {
            "schemas": schemas.used_in([paths, responses]),
            "parameters": _PARAMETERS,
            "responses": responses,
            "headers": {
                name: {"description": description, "schema": schema}
                for name, (description, schema) in _HEADERS.items()
            },
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _uses(route: Route) -> Iterator[Use]:
    if route.body is not None:
        yield route.body, SENT
    if route.query is not None:
        yield route.query, SENT
    if route.returns is not None:
        yield route.returns, GOT


def _operation(route: Route, schemas: Schemas, *, tagged: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": route.summary,
    }
    if route.description:
        operation["description"] = route.description
    if route.roles is None and route.credential == "account":
        operation["security"] = []
    else:
        operation["security"] = [{_CREDENTIALS[route.credential]: []}]
        if route.roles is not None and route.credential == "account":  # others have no role
            operation["x-hearth-roles"] = [str(role) for role in Role if role in route.roles]
    if route.flag is not None:
        operation["x-hearth-flag"] = route.flag
    parameters = [*_parameters(route, schemas)]
    if parameters:
        operation["parameters"] = parameters
    if takes_body(route):
        operation["requestBody"] = _request_body(route, schemas)
    operation["responses"] = {**_success(route, schemas, tagged=tagged), **refusals(route)}
    return operation


def _parameters(route: Route, schemas: Schemas) -> Iterator[dict[str, Any]]:
    for name, pattern in _PARAMETER.findall(route.path):
        schema = {"type": "string"} | ({"pattern": f"^(?:{pattern})$"} if pattern else {})
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if route.query is not None:
        yield from query_parameters(schemas.inline(route.query, SENT))
    if route.again is not None:
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if Code.PRECONDITION_FAILED in route.refuses:
        yield {"$ref": "#/components/parameters/IfMatch"}


def query_parameters(query: Schema) -> Iterator[dict[str, Any]]:
    """The fields of a query's schema, as OpenAPI's parameters."""
    for name, field in query.get("properties", {}).items():
        parameter: dict[str, Any] = {"name": name, "in": "query"}
        if name in query.get("required", ()):
            parameter["required"] = True
        if "description" in field:
            parameter["description"] = field.pop("description")
        yield {**parameter, "schema": without_null(field)}


def without_null(schema: Schema) -> Schema:
    """An address can leave a parameter out; it has no way to say null."""
    if schema.get("default", ...) is None:
        schema = {keyword: value for keyword, value in schema.items() if keyword != "default"}
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return {**schema, "anyOf": choices} if choices else schema
    return {**choices[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _request_body(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.body is None:
        return {"required": True, "content": {route.consumes: {"schema": {"type": "string"}}}}
    content = {
        "schema": schemas.reference(route.body, SENT),
        "example": example_of(route.body, SENT),
    }
    needed = bool(schemas.inline(route.body, SENT).get("required"))
    if route.consumes == JSON:
        return {"required": needed, "content": json_content(content)}
    return {"required": needed, "content": {route.consumes: content}}


def _success(route: Route, schemas: Schemas, *, tagged: bool) -> dict[str, Any]:
    names = ["X-Request-ID"]
    if tagged and route.method != "DELETE":
        names.append("ETag")
    if route.limit is not None:
        names.extend(_LIMIT_HEADERS)
    response: dict[str, Any] = {
        "description": _meaning(route.returns, route.status),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
    }
    content = _content(route, schemas)
    if content:
        response["content"] = content
    return {str(route.status): response}


def _meaning(returns: type[Wire] | None, status: int) -> str:
    if returns is not None and returns.__doc__:
        return returns.__doc__.strip().partition("\n")[0]
    return f"{HTTPStatus(status).phrase}."


def _content(route: Route, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.returns is not None:
        content = json_content(
            {
                "schema": schemas.reference(route.returns, GOT),
                "example": example_of(route.returns, GOT),
            }
        )
    if route.produces != JSON:
        is_text = route.produces.startswith("text/") or route.produces == "application/sdp"
        # A binary body has no schema: in 3.1 its media type says it all.
        content[route.produces] = {"schema": {"type": "string"}} if is_text else {}
    return content
