"""Health, metrics and the documents."""

import hmac
from pathlib import Path

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION

from api.access import bearer_token
from api.errors import Code, NotFound, Unauthenticated
from api.keys import CONFIGURATION, METRICS
from api.metrics import CONTENT_TYPE
from api.operations.documents import DOCUMENTS
from api.operations.health import CHECKS, check_all
from api.operations.schemas import AliveOut, DocumentOut, ReadyOut
from api.pages import Page
from api.routing import OPEN, Answer, Endpoints
from api.version import VERSION

endpoint = Endpoints("Operations")
# What HEARTH_ADMIN_PORT serves.
admin_endpoint = Endpoints("Admin port")

_DOCS = Page.read(Path(__file__).parent / "docs")


@endpoint.get("/healthz", returns=AliveOut, roles=OPEN)
async def alive(request: web.Request) -> AliveOut:
    """Whether the process runs."""
    return AliveOut(version=VERSION)


@endpoint.get("/readyz", returns=ReadyOut, roles=OPEN)
async def ready(request: web.Request) -> Answer:
    """Whether the server can serve people.

    503 when a part is away; `parts` says which and why.
    """
    checks = request.app[CHECKS]
    parts = await check_all(checks)
    fine = all(part.ok for part in parts.values())
    body = ReadyOut(status="ready" if fine else "not ready", parts=parts)
    return Answer(body, status=200 if fine else 503)


@endpoint.get(
    "/metrics",
    returns=None,
    roles=OPEN,
    credential="metrics",
    produces="text/plain",
    refuses=(Code.UNAUTHENTICATED,),
)
async def metrics(request: web.Request) -> web.Response:
    """What the server counts, for Prometheus.

    On the admin port, or anywhere with `HEARTH_METRICS_TOKEN` as Bearer token; elsewhere there is
    no such thing.
    """
    token = request.app[CONFIGURATION].metrics_token
    if token is None:
        raise NotFound
    given = bearer_token(request.headers.get(AUTHORIZATION)) or ""
    if not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        raise Unauthenticated("Send the metrics token as Bearer token.")
    return exposition(request.app)


@admin_endpoint.get("/metrics", returns=None, roles=OPEN, produces="text/plain")
async def metrics_for_who_runs_it(request: web.Request) -> web.Response:
    """The same on the admin port, which is for whoever runs the server."""
    return exposition(request.app)


def exposition(app: web.Application) -> web.Response:
    return web.Response(body=app[METRICS].exposition(), headers={"Content-Type": CONTENT_TYPE})


@endpoint.get("/docs", returns=None, roles=OPEN, produces="text/html")
async def docs(request: web.Request) -> web.Response:
    """Every route and socket of this server, to read and to try."""
    return _DOCS.answer(request, "index.html")


@endpoint.get("/docs/{file}", returns=None, roles=OPEN, produces="*/*")
async def docs_file(request: web.Request) -> web.Response:
    """That page's style and script."""
    return _DOCS.answer(request, request.match_info["file"])


@endpoint.get("/openapi.json", returns=DocumentOut, roles=OPEN)
async def openapi(request: web.Request) -> web.Response:
    """Every route of this server, as OpenAPI 3.1."""
    return _document(request.app[DOCUMENTS].openapi)


@endpoint.get("/asyncapi.json", returns=DocumentOut, roles=OPEN)
async def asyncapi(request: web.Request) -> web.Response:
    """Every socket of this server, as AsyncAPI 3."""
    return _document(request.app[DOCUMENTS].asyncapi)


def _document(text: bytes) -> web.Response:
    return web.Response(body=text, content_type="application/json")
