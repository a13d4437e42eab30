"""What happens to every request, before and after its route."""

import re
import secrets

import structlog
from aiohttp import web
from aiohttp.hdrs import (
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD,
    ALLOW,
    CONTENT_ENCODING,
    EXPECT,
    ORIGIN,
    VARY,
)
from aiohttp.http import HttpVersion11
from aiohttp.typedefs import Handler

from api import ratelimits
from api.connection import SERVER, ClientGone
from api.envelope import bug, error_body, error_headers
from api.errors import Code, Forbidden, Refusal
from api.http import RATE_LIMIT
from api.keys import CLOCK, CONFIGURATION, METRICS, NETWORK, REQUEST_ID, TROUBLE
from api.versions import CONTENT_TYPE_OF_ANSWER, JSON, negotiate

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_EXPOSED = (
    "X-Request-ID, ETag, Location, Retry-After,"
    " RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)
_PREFLIGHT_SECONDS = "600"
_YEAR = 31_536_000
_CONTINUE = "100-continue"
# Health is asked by load balancers, which speak plain HTTP and know no host name.
_PLAIN = {"/healthz", "/readyz", "/healthz/", "/readyz/"}
_logger = structlog.get_logger("hearth")


async def expect(request: web.Request) -> None:
    """Ask for a body that waits to be asked for.

    aiohttp calls this before all middlewares, so what else a client may expect is left to
    `gatekeeper`, whose answer has our shape.
    """
    if request.headers.get(EXPECT, "").lower() == _CONTINUE and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What was written is no part of the answer, and an error after it still gets one.
        request.writer.output_size = 0


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, and tell the log and the metrics how it went."""
    told = request.headers.get("X-Request-ID", "")
    request[REQUEST_ID] = told if _SANE_REQUEST_ID.fullmatch(told) else secrets.token_hex(8)
    structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
    clock = request.app[CLOCK]
    began = clock.monotonic()
    status = 499  # the client went away before there was an answer
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        seconds = clock.monotonic() - began
        route = _route_label(request)
        metrics = request.app[METRICS]
        metrics.requests.labels(request.method, route, str(status)).inc()
        if status != 101:
            metrics.request_seconds.labels(request.method, route).observe(seconds)
        # The path without its query, which may carry a token.
        _logger.info(
            "request",
            method=request.method,
            path=request.path,
            status=status,
            ms=round(seconds * 1000, 1),
        )
        structlog.contextvars.clear_contextvars()


def _route_label(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical.rstrip("/") or "/" if resource is not None else "unknown"


@web.middleware
async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into the contract's error shape."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        refusal, headers = _refusal_of_aiohttp(request, error)
    except Exception as error:
        # (The errors of a store that is away are never of this type.)
        if isinstance(error, ConnectionError) and _has_gone(request):
            raise ClientGone from error
        refusal, headers = request.app[TROUBLE].refusal(error, path=request.path), {}
    return error_response(request, refusal, headers)


def _has_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def error_response(
    request: web.Request, refusal: Refusal, headers: dict[str, str] | None = None
) -> web.Response:
    request.app[METRICS].refusals.labels(str(refusal.code)).inc()
    more = {"request_id": request[REQUEST_ID]} if refusal.code.status == 500 else {}
    return web.Response(
        body=error_body(refusal, request.path, **more),
        status=refusal.code.status,
        content_type=request.get(CONTENT_TYPE_OF_ANSWER, JSON),
        headers={**error_headers(refusal), **(headers or {})},
    )


def _refusal_of_aiohttp(
    request: web.Request, error: web.HTTPException
) -> tuple[Refusal, dict[str, str]]:
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            message = f"{request.method} is not done here. What is: {allowed}."
            return Refusal(message, Code.METHOD_NOT_ALLOWED), {ALLOW: allowed}
        case web.HTTPNotFound():
            return Refusal("There is no such thing here.", Code.NOT_FOUND), {}
        case web.HTTPRequestEntityTooLarge():
            return Refusal("The body is too large.", Code.PAYLOAD_TOO_LARGE), {}
        case web.HTTPUnsupportedMediaType():
            return Refusal("That kind of body is not read here.", Code.UNSUPPORTED_MEDIA_TYPE), {}
    if error.status < 500:
        return Refusal("The request can't be read.", Code.BAD_REQUEST), {}
    return bug(), {}


@web.middleware
async def gatekeeper(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what no route should have to think of."""
    if request.path not in _PLAIN:
        network = request.app[NETWORK]
        if not network.knows_host(request):
            raise Refusal(
                "This server does not go by that name. Add it to HEARTH_ALLOWED_HOSTS.",
            )
        if request.app[CONFIGURATION].has_https_address and network.scheme(request) == "http":
            return _to_https(request)
    if request.headers.get(EXPECT, _CONTINUE).lower() != _CONTINUE:
        raise Refusal("All that can be expected of this server is 100-continue.")
    if "\0" in request.path:
        raise Refusal("There is no such thing here.", Code.NOT_FOUND)
    if _is_preflight(request):
        return _preflight(request)
    if request.headers.get(CONTENT_ENCODING, "identity").lower() != "identity":
        raise Refusal("Send the body uncompressed.", Code.UNSUPPORTED_MEDIA_TYPE)
    request[CONTENT_TYPE_OF_ANSWER] = negotiate(request)
    return await handler(request)


def _to_https(request: web.Request) -> web.Response:
    if request.method not in {"GET", "HEAD"}:
        raise Forbidden(f"Use {request.app[CONFIGURATION].own_url}: this is not encrypted.")
    # To our own address, never to the one in Host: no redirect goes where a client wants it.
    where = f"{request.app[CONFIGURATION].own_url}{request.rel_url.raw_path_qs}"
    return web.Response(status=308, headers={"Location": where})


def _is_preflight(request: web.Request) -> bool:
    return (
        request.method == "OPTIONS"
        and ORIGIN in request.headers
        and ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def _preflight(request: web.Request) -> web.Response:
    if not request.app[NETWORK].allows_origin(request):
        raise Forbidden("Pages of that origin may not call this server.")
    return web.Response(
        status=204,
        headers={
            ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD, POST, PUT, PATCH, DELETE",
            ACCESS_CONTROL_ALLOW_HEADERS: (
                "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match,"
                " X-CSRF-Token, X-Request-ID"
            ),
            ACCESS_CONTROL_MAX_AGE: _PREFLIGHT_SECONDS,
        },
    )


async def sign_response(request: web.Request, response: web.StreamResponse) -> None:
    """The headers that every answer carries, streams and handshakes included."""
    headers = response.headers
    if REQUEST_ID in request:  # else it never came this far, and has one of its own
        headers["X-Request-ID"] = request[REQUEST_ID]
    headers["Server"] = SERVER
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cache-Control", "no-store")
    if request.app[CONFIGURATION].has_https_address:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    if RATE_LIMIT in request:
        headers.update(ratelimits.headers(request[RATE_LIMIT]))
    headers.add(VARY, ORIGIN)
    if ORIGIN in request.headers and request.app[NETWORK].allows_origin(request):
        headers[ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[ORIGIN]
        headers[ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
        headers[ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
