"""What a request tells of the device that it comes from."""

from aiohttp import web
from aiohttp.hdrs import USER_AGENT

from api.keys import NETWORK
from store.sessions import Device

_LONGEST_AGENT = 400


def device_of(request: web.Request) -> Device:
    agent = request.headers.get(USER_AGENT, "")
    # Whatever a header holds beyond text is nothing that a database or a page should show.
    readable = "".join(c for c in agent if c.isprintable())[:_LONGEST_AGENT]
    return Device(readable or None, request.app[NETWORK].address(request))
