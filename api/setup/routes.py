"""The page that the set-up link opens, and the one by which a phone comes to trust this server."""

from pathlib import Path

from aiohttp import web

from api.errors import NotFound
from api.pages import Page
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Set-up")

# The certificate, in DER, of the authority that signed this server's; where it has one of its own.
AUTHORITY = web.AppKey("authority", bytes)

_PAGE = Page.read(Path(__file__).parent / "page")


@endpoint.get("/", returns=None, roles=OPEN, status=303, produces="text/html")
async def home(request: web.Request) -> web.Response:
    """The way from the bare address to a page for people."""
    return web.Response(status=303, headers={"Location": "/app/setup"})


@endpoint.get("/app/setup", returns=None, roles=OPEN, produces="text/html")
async def page(request: web.Request) -> web.Response:
    """The set-up page.

    The link's token stands behind the `#`, which browsers keep to themselves.
    """
    return _PAGE.answer(request, "setup.html")


@endpoint.get("/app/setup/{file}", returns=None, roles=OPEN, produces="*/*")
async def page_file(request: web.Request) -> web.Response:
    """The set-up page's style and script."""
    return _PAGE.answer(request, request.match_info["file"])


@endpoint.get("/app/trust", returns=None, roles=OPEN, produces="text/html")
async def trust(request: web.Request) -> web.Response:
    """How a phone comes to trust a server that made its certificate by itself."""
    _authority(request)
    return _PAGE.answer(request, "trust.html")


@endpoint.get(
    "/app/trust/hearth-authority.crt",
    returns=None,
    roles=OPEN,
    produces="application/x-x509-ca-cert",
)
async def authority(request: web.Request) -> web.Response:
    """The certificate of this server's own authority, for phones to keep."""
    return web.Response(body=_authority(request), content_type="application/x-x509-ca-cert")


def _authority(request: web.Request) -> bytes:
    certificate = request.app.get(AUTHORITY)
    if certificate is None:
        raise NotFound
    return certificate
