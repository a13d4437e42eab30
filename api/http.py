"""A route at work: limit, authorise, parse, call, serialise."""

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, CONTENT_TYPE

from api import idempotency, ratelimits
from api.access import Viewer, bearer_token, require_role
from api.errors import Code, NotFound, Refusal
from api.keys import AUTHENTICATOR, CLOCK, NETWORK, RATE_LIMITS, SETTINGS, VIEWER
from api.parsing import parse_json, parse_strings, without_fields
from api.routing import Answer, Handler, Route
from api.versions import JSON, VENDOR_JSON, content_type
from api.wire import Wire
from store.limits import Verdict

RATE_LIMIT = web.RequestKey("rate_limit", Verdict)

# Their bodies may carry back what the server had made; see `Wire.server_made_fields`.
_CHANGES = {"PUT", "PATCH"}


def serve(route: Route, handler: Handler) -> Handler:
    """The aiohttp handler of a declared route."""

    async def served(request: web.Request) -> web.StreamResponse:
        if route.flag is not None and not request.app[SETTINGS].flag(route.flag):
            raise NotFound
        await _authorise(request, route)
        arguments: list[Wire] = []
        if route.body is not None:
            raw = await read_json(request)
            idempotency.claim(request, route, raw)
            arguments.append(parse_body(route, route.body, raw))
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
    require_role(viewer, route.roles)


async def _viewer(request: web.Request, route: Route) -> tuple[Viewer | None, Refusal | None]:
    if route.roles is None:
        return None, None
    try:
        token = bearer_token(request.headers.get(AUTHORIZATION))
        if token is None:
            return None, None
        viewer = await request.app[AUTHENTICATOR].viewer(token, request.app[CLOCK].now())
    except Refusal as refusal:
        return None, refusal
    request[VIEWER] = viewer
    return viewer, None


async def read_json(request: web.Request) -> bytes:
    if request.body_exists and request.content_type not in {JSON, VENDOR_JSON}:
        raise Refusal(
            f"This route reads {JSON}, and the body says it is {request.content_type}.",
            Code.UNSUPPORTED_MEDIA_TYPE,
        )
    raw = await request.read()
    # An empty body is an empty object: logging out should not need two braces.
    return raw if raw.strip() else b"{}"


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
    status = answer.status or route.status
    if answer.body is None:
        return web.Response(status=204 if status == 200 else status, headers=answer.headers)
    return web.Response(
        body=answer.body.model_dump_json().encode(),
        status=status,
        headers={**answer.headers, CONTENT_TYPE: content_type(request)},
    )


def _body(route: Route, result: object) -> Wire | None:
    if route.returns is None and result is None:
        return None
    if route.returns is not None and isinstance(result, route.returns):
        return result
    raise TypeError(f"{route.method} {route.path} returned what it does not declare")
