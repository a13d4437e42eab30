"""Who may open a socket: one check of a token, in whichever way the client could send it.

A browser's WebSocket can set no header, so the token may come as `?token=`, as a subprotocol beside
`hearth.v1`, or in the first frame.
"""

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE

from api.access import Viewer, bearer_token, require_role
from api.errors import Code, Forbidden, Refusal
from api.keys import AUTHENTICATOR, CLOCK, NETWORK, VIEWER
from api.ws.declare import Socket
from api.ws.hub import HUB

PROTOCOL = "hearth.v1"
_BEARER_PROTOCOL = "bearer."


async def admit(request: web.Request, socket: Socket) -> Viewer | None:
    """The viewer whose token came with the handshake; None: it comes in the first frame."""
    if request.headers.get(UPGRADE, "").lower() != "websocket":
        raise Refusal("This address speaks WebSocket.", Code.BAD_REQUEST)
    if ORIGIN in request.headers and not request.app[NETWORK].allows_origin(request):
        raise Forbidden("Pages of that origin may not connect to this server.")
    if request.app[HUB].closing.is_set():
        raise Refusal("The server restarts. Come back in a moment.", Code.UNAVAILABLE)
    token = _token(request)
    if token is None:
        return None
    viewer = await request.app[AUTHENTICATOR].viewer(token, request.app[CLOCK].now())
    request[VIEWER] = viewer
    require_role(viewer, socket.roles)
    return viewer


def _token(request: web.Request) -> str | None:
    token = bearer_token(request.headers.get(AUTHORIZATION)) or request.query.get("token")
    if token is not None:
        return token
    offered = [p.strip() for p in request.headers.get(SEC_WEBSOCKET_PROTOCOL, "").split(",")]
    for protocol in offered:
        if protocol.startswith(_BEARER_PROTOCOL):
            if PROTOCOL not in offered:
                raise Refusal(f"Offer {PROTOCOL} beside the token.", Code.BAD_REQUEST)
            return protocol.removeprefix(_BEARER_PROTOCOL)
    return None
