"""A route at work: limit, authorise, parse, call, serialise."""

import hmac
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, CONTENT_TYPE, ORIGIN

from api import idempotency, ratelimits, uploads
from api.access import Viewer, bearer_token, require_role
from api.errors import Code, NotFound, Refusal
from api.keys import AUTHENTICATOR, CLOCK, NETWORK, RATE_LIMITS, SETTINGS, SIGHTINGS, VIEWER
from api.multipart import MULTIPART
from api.parsing import parse_json, parse_parts, parse_strings, without_fields
from api.routing import Answer, Cookie, Handler, Route
from api.versions import JSON, VENDOR_JSON, content_type
from api.wire import Wire
from store.limits import Verdict

RATE_LIMIT = web.RequestKey("rate_limit", Verdict)
BY_COOKIE = web.RequestKey("by_cookie", bool)

FORM = "application/x-www-form-urlencoded"
# No form of ours has half as many.
_MOST_FIELDS = 32
_CSRF_TOKEN = "X-CSRF-Token"  # noqa: S105 - the header's name

# Their bodies may carry back what the server had made; see `Wire.server_made_fields`.
_CHANGES = {"PUT", "PATCH"}


def serve(route: Route, handler: Handler) -> Handler:
    """The aiohttp handler of a declared route."""

    async def served(request: web.Request) -> web.StreamResponse:
        if route.flag is not None and not request.app[SETTINGS].flag(route.flag):
            raise NotFound
        await _authorise(request, route)
        async with _body_of(request, route) as arguments:
            if route.query is not None:
                arguments.append(parse_query(route.query, request))
            try:
                result = await handler(request, *arguments)
            except idempotency.Repeated as repeated:
                result = await idempotency.answer_again(request, route, repeated)
            return respond(request, route, result)

    return served


async def _authorise(request: web.Request, route: Route) -> None:
    """Who asks, how often, and whether they may: a refused caller's request counts as well."""
    viewer, refusal = await _viewer(request, route)
    if route.limit is not None:
        network = request.app[NETWORK]
        verdict = await request.app[RATE_LIMITS].take(
            route.limit,
            address=network.budget_address(request),
            viewer=viewer,
            now=request.app[CLOCK].now(),
        )
        request[RATE_LIMIT] = verdict
        if not verdict.allowed:
            raise ratelimits.refusal(verdict)
    if refusal is not None:
        raise refusal
    require_role(
        viewer,
        route.roles,
        while_enrolling=route.while_enrolling,
        while_setting_up=route.while_setting_up,
    )
    if viewer is not None:
        _refuse_foreign_page(request, route, viewer)
        request.app[SIGHTINGS].note(viewer, request.app[NETWORK].address(request))


async def _viewer(request: web.Request, route: Route) -> tuple[Viewer | None, Refusal | None]:
    if route.roles is None:
        return None, None
    authenticator, now = request.app[AUTHENTICATOR], request.app[CLOCK].now()
    viewer: Viewer | None
    try:
        token = bearer_token(request.headers.get(AUTHORIZATION))
        if token is not None:
            viewer = await authenticator.viewer(token, now)
        elif request.cookies:
            viewer = await authenticator.cookie_viewer(request.cookies, request.path, now)
            request[BY_COOKIE] = True
        else:
            return None, None
    except Refusal as refusal:
        return None, refusal
    if viewer is not None:
        request[VIEWER] = viewer
    return viewer, None


def _refuse_foreign_page(request: web.Request, route: Route, viewer: Viewer) -> None:
    """A browser sends its cookies along, whichever page asks it to: ours knows a token besides."""
    if BY_COOKIE not in request or route.method == "GET":
        return
    if route.origin_is_enough and ORIGIN in request.headers:
        if request.app[NETWORK].allows_origin(request):
            return
    elif hmac.compare_digest(
        request.headers.get(_CSRF_TOKEN, "").encode(errors="replace"),
        request.app[AUTHENTICATOR].csrf_token(viewer).encode(),
    ):
        return
    raise Refusal(
        f"This was asked by a page without the {_CSRF_TOKEN} of its sign-in. Reload the page.",
        Code.CSRF,
    )


@asynccontextmanager
async def _body_of(request: web.Request, route: Route) -> AsyncIterator[list[Wire]]:
    """The body as the handler takes it, if there is one; a file in it is gone with the block."""
    if route.body is None:
        idempotency.claim(request, route, b"")
        yield []
    elif route.consumes == MULTIPART:
        async with uploads.received(request, route.body, largest=route.largest) as upload:
            idempotency.claim(request, route, upload.fingerprint())
            yield [parse_parts(route.body, upload.values)]
    else:
        raw = await read_form(request) if route.consumes == FORM else await read_json(request)
        idempotency.claim(request, route, raw)
        yield [parse_body(route, route.body, raw)]


async def read_json(request: web.Request) -> bytes:
    if request.body_exists and request.content_type not in {JSON, VENDOR_JSON}:
        raise Refusal(
            f"This route reads {JSON}, and the body says it is {request.content_type}.",
            Code.UNSUPPORTED_MEDIA_TYPE,
        )
    raw = await request.read()
    # An empty body is an empty object: logging out should not need two braces.
    return raw if raw.strip() else b"{}"


async def read_form(request: web.Request) -> bytes:
    """A form's fields, as the JSON that they stand for."""
    if request.body_exists and request.content_type != FORM:
        raise Refusal(
            f"This route reads {FORM}, and the body says it is {request.content_type}.",
            Code.UNSUPPORTED_MEDIA_TYPE,
        )
    try:
        fields = parse_qsl(
            (await request.read()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise Refusal("The form can't be read.") from None
    return json.dumps(dict(fields)).encode()


def parse_body(route: Route, schema: type[Wire], raw: bytes) -> Wire:
    if route.method in _CHANGES and route.returns is not None:
        raw = without_fields(raw, route.returns.server_made_fields() - schema.model_fields.keys())
    return parse_json(schema, raw)


def parse_query(schema: type[Wire], request: web.Request) -> Wire:
    # Names that the schema does not know are let be: an address gets decorated on its way.
    names = {field.alias or name for name, field in schema.model_fields.items()}
    return parse_strings(schema, {name: request.query[name] for name in names & {*request.query}})


def respond(request: web.Request, route: Route, result: object) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    answer = result if isinstance(result, Answer) else Answer(_body(route, result))
    return _set_cookies(request, _response(request, route, answer), answer.cookies)


def _response(request: web.Request, route: Route, answer: Answer) -> web.Response:
    status = answer.status or route.status
    if answer.body is None:
        return web.Response(status=204 if status == 200 else status, headers=answer.headers)
    return web.Response(
        body=answer.body.model_dump_json().encode(),
        status=status,
        headers={**answer.headers, CONTENT_TYPE: content_type(request)},
    )


def _set_cookies(
    request: web.Request, response: web.Response, cookies: Iterable[Cookie]
) -> web.Response:
    is_secure = request.app[NETWORK].scheme(request) == "https"
    for cookie in cookies:
        response.set_cookie(
            cookie.name,
            cookie.value.get_secret_value(),
            path=cookie.path,
            max_age=cookie.seconds,
            httponly=True,
            samesite=cookie.same_site,
            secure=is_secure,
        )
    return response


def _body(route: Route, result: object) -> Wire | None:
    if route.returns is None and result is None:
        return None
    if route.returns is not None and isinstance(result, route.returns):
        return result
    raise TypeError(f"{route.method} {route.path} returned what it does not declare")
