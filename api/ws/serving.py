"""A declared socket at work on aiohttp: one task reads, one writes, and neither waits for others."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web
from prometheus_client import Counter

from api.access import Viewer, require_role
from api.errors import Refusal, Unauthenticated
from api.keys import AUTHENTICATOR, CLOCK, CONFIGURATION, METRICS, NETWORK
from api.parsing import parse_json
from api.ws.closing import CloseCode, close_code, close_reason
from api.ws.connection import Connection
from api.ws.declare import Socket
from api.ws.flood import FloodMeter
from api.ws.frames import Auth
from api.ws.handshake import PROTOCOL, admit
from api.ws.hub import HUB
from api.ws.outbox import Closing, Outbox

FIRST_FRAME_SECONDS = 5
# Once the server has said goodbye, a reader that takes nothing for this long is cut off.
PATIENCE_SECONDS = 10


def serve_socket(socket: Socket) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a declared socket."""

    async def served(request: web.Request) -> web.StreamResponse:
        viewer = await admit(request, socket)
        ws = web.WebSocketResponse(
            protocols=(PROTOCOL,),
            heartbeat=request.app[CONFIGURATION].ws_heartbeat_interval,
            max_msg_size=socket.longest_frame,
            # A deflated frame of 64 KiB may unfold to 64 MiB; texts this small gain little by it.
            compress=False,
            timeout=PATIENCE_SECONDS / 2,
        )
        await ws.prepare(request)
        if viewer is None:
            viewer = await _first_frame(request, ws, socket)
        if viewer is not None:
            await _converse(request, ws, socket, viewer)
        return ws

    return served


async def _first_frame(
    request: web.Request, ws: web.WebSocketResponse, socket: Socket
) -> Viewer | None:
    try:
        async with asyncio.timeout(FIRST_FRAME_SECONDS):
            message = await ws.receive()
        if message.type is not WSMsgType.TEXT:
            return None
        auth = parse_json(Auth, message.data.encode())
        if auth.type != "auth":
            raise Unauthenticated("The first frame has to be auth, with a token.")
        viewer = await request.app[AUTHENTICATOR].viewer(auth.token, request.app[CLOCK].now())
        require_role(viewer, socket.roles)
    except TimeoutError:
        refusal: Refusal = Unauthenticated("No token came.")
    except Refusal as refused:
        refusal = refused
    else:
        return viewer
    code = close_code(refusal) if refusal.code.status in {401, 403} else CloseCode.UNAUTHENTICATED
    await ws.close(code=code, message=close_reason(refusal.message))
    return None


async def _converse(
    request: web.Request, ws: web.WebSocketResponse, socket: Socket, viewer: Viewer
) -> None:
    outbox = Outbox()
    outbox.on_closing(_Cutter(request.transport, outbox).start)
    connection = Connection(
        request.app,
        socket,
        viewer,
        address=request.app[NETWORK].budget_address(request),
        send=outbox.put,
        close=outbox.close,
    )
    metrics = request.app[METRICS]
    open_now = metrics.sockets.labels(socket.path)
    open_now.inc()
    writer = asyncio.create_task(
        _write(ws, outbox, metrics.frames.labels(socket.path, "out"))
    )
    try:
        async with request.app[HUB].holding(connection):
            await _read(request, ws, connection, outbox)
    finally:
        open_now.dec()
        if ws.close_code is not None:
            metrics.sockets_closed.labels(socket.path, str(ws.close_code)).inc()
        outbox.close(CloseCode.NORMAL, "")
        await writer


async def _read(
    request: web.Request, ws: web.WebSocketResponse, connection: Connection, outbox: Outbox
) -> None:
    clock = request.app[CLOCK]
    frames = request.app[METRICS].frames.labels(connection.socket.path, "in")
    flood = FloodMeter()
    async for message in ws:
        frames.inc()
        if message.type is WSMsgType.BINARY:
            connection.close(CloseCode.BINARY, "Frames are text: JSON in UTF-8.")
        elif flood.overflows(clock.monotonic()):
            connection.close(CloseCode.FLOODING, "Too many frames at once.")
        elif message.type is WSMsgType.TEXT:
            await connection.receive(message.data)
        if outbox.closing is not None:
            return


async def _write(ws: web.WebSocketResponse, outbox: Outbox, sent: Counter) -> None:
    try:
        while not isinstance(item := await outbox.take(), Closing):
            await ws.send_frame(item, WSMsgType.TEXT)
            outbox.sent()
            sent.inc()
        if not ws.closed:
            await ws.close(code=item.code, message=close_reason(item.reason))
    except ConnectionError:
        outbox.close(CloseCode.NORMAL, "")  # the client is gone, and what waits with it


class _Cutter:
    """Cuts a connection off on which nothing moves any more after the goodbye."""

    def __init__(self, transport: asyncio.Transport | None, outbox: Outbox) -> None:
        self._transport = transport
        self._outbox = outbox
        self._seen = -1

    def start(self) -> None:
        self._seen = self._outbox.taken
        asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._look)

    def _look(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._outbox.taken == self._seen:
            self._transport.abort()
        else:
            self.start()
