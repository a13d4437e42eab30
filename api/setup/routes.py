"""The page that the set-up link opens."""

from pathlib import Path

from aiohttp import web

from api.pages import PageFile
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Set-up")

_PAGE = Path(__file__).parent / "page"
_FILES = {name: PageFile.read(_PAGE / name) for name in ("setup.html", "setup.css", "setup.js")}


@endpoint.get("/", returns=None, roles=OPEN, status=303, produces="text/html")
async def home(request: web.Request) -> web.Response:
    """The way from the bare address to a page for people."""
    return web.Response(status=303, headers={"Location": "/app/setup"})


@endpoint.get("/app/setup", returns=None, roles=OPEN, produces="text/html")
async def page(request: web.Request) -> web.Response:
    """The set-up page; the link's token stands behind the `#` and never reaches a log."""
    return _FILES["setup.html"].answer(request)


@endpoint.get("/app/setup/setup.css", returns=None, roles=OPEN, produces="text/css")
async def style(request: web.Request) -> web.Response:
    """The set-up page's looks."""
    return _FILES["setup.css"].answer(request)


@endpoint.get("/app/setup/setup.js", returns=None, roles=OPEN, produces="text/javascript")
async def script(request: web.Request) -> web.Response:
    """The set-up page's script."""
    return _FILES["setup.js"].answer(request)
