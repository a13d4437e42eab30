"""The page that the set-up link opens."""

from pathlib import Path

from aiohttp import web

from api.pages import Page
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Set-up")

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
