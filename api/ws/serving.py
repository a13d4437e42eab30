"""A declared socket at work: one task reads, one writes, and neither waits for others."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSMessage, WSMsgType, web

from api.access import Viewer, require_role
from api.connection import Connection as HttpConnection
from api.cutter import Cutter
from api.errors import Unauthenticated
from api.keys import AUTHENTICATOR, CLOCK, CONFIGURATION, METRICS, NETWORK, TROUBLE
from api.parsing import parse_json
from api.ws.closing import CloseCode, close_code, close_reason
from api.ws.connection import Connection
from api.ws.declare import Socket
from api.ws.flood import FloodMeter
from api.ws.frames import Auth
from api.ws.handshake import PROTOCOL, admit
from api.ws.hub import HUB, RESTARTING
from api.ws.outbox import Closing, Outbox

FIRST_FRAME_SECONDS = 5
_TEXT_ONLY = "Frames are text: JSON in UTF-8."
# How long a command may go on when its socket is about to be closed.
COMMAND_SECONDS = 2
# Once the server has said goodbye, a reader that takes nothing for this long is cut off.
PATIENCE_SECONDS = 10


def serve_socket(socket: Socket) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a declared socket."""

    async def served(request: web.Request) -> web.StreamResponse:
        viewer = await admit(request, socket)
        ws = web.WebSocketResponse(
            protocols=(PROTOCOL,),
            heartbeat=request.app[CONFIGURATION].ws_heartbeat_interval,
            max_msg_size=socket.longest_frame + 1,  # aiohttp refuses from this size on
            # A deflated frame of 64 KiB may unfold to 64 MiB; texts this small gain little by it.
            compress=False,
            # Pings are frames like others, and count as such.
            autoping=False,
            timeout=PATIENCE_SECONDS / 2,
        )
        await ws.prepare(request)
        if viewer is None:
            viewer = await _first_frame(request, ws, socket)
        if viewer is not None:
            await _Conversation(request, ws, socket, viewer).hold()
        return ws

    return served


async def _first_frame(
    request: web.Request, ws: web.WebSocketResponse, socket: Socket
) -> Viewer | None:
    """The viewer whose token comes in the first frame; None: the socket is closed."""
    try:
        message = await _message_before_the_end(request, ws)
        if message is None:
            return None
        auth = parse_json(Auth, message.encode())
        if auth.type != "auth":
            raise Unauthenticated("The first frame has to be auth, with a token.")
        viewer = await request.app[AUTHENTICATOR].viewer(auth.token, request.app[CLOCK].now())
        require_role(viewer, socket.roles)
    except Exception as error:  # noqa: BLE001 - the answer has begun: all that is left is to close
        refusal = request.app[TROUBLE].refusal(error, socket=socket.path)
        code = CloseCode.UNAUTHENTICATED if refusal.code.status == 400 else close_code(refusal)
        await ws.close(code=code, message=close_reason(refusal.message))
        return None
    return viewer


async def _message_before_the_end(request: web.Request, ws: web.WebSocketResponse) -> str | None:
    """The first text; None: the client has gone, or what it sent or we are about to do ends it."""
    receiving = asyncio.create_task(_first_message(ws))
    closing = asyncio.create_task(request.app[HUB].closing.wait())
    done, _ = await asyncio.wait(
        {receiving, closing}, timeout=FIRST_FRAME_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    for task in (receiving, closing):
        task.cancel()
    await asyncio.wait({receiving, closing})
    if receiving in done:
        message = receiving.result()
        if message.type is WSMsgType.BINARY:
            await ws.close(code=CloseCode.BINARY, message=close_reason(_TEXT_ONLY))
        return str(message.data) if message.type is WSMsgType.TEXT else None
    if closing in done:
        await ws.close(code=CloseCode.RESTARTING, message=close_reason(RESTARTING))
        return None
    raise Unauthenticated("No token came.")


async def _first_message(ws: web.WebSocketResponse) -> WSMessage:
    """The first that is no control frame; those may come at any time (RFC 6455, 5.5)."""
    while (message := await ws.receive()).type in {WSMsgType.PING, WSMsgType.PONG}:
        if message.type is WSMsgType.PING:
            await _pong(ws, message)
    return message


async def _pong(ws: web.WebSocketResponse, ping: WSMessage) -> None:
    # Whoever has left by now shows it at the next read.
    with suppress(ConnectionError):
        await ws.pong(ping.data)


class _Conversation:
    """One socket from its first frame after the sign-in to its last."""

    def __init__(
        self, request: web.Request, ws: web.WebSocketResponse, socket: Socket, viewer: Viewer
    ) -> None:
        self._ws = ws
        self._outbox = Outbox()
        self._clock = request.app[CLOCK]
        self._hub = request.app[HUB]
        self._trouble = request.app[TROUBLE]
        metrics = request.app[METRICS]
        self._open_now = metrics.sockets.labels(socket.path)
        self._frames_in = metrics.frames.labels(socket.path, "in")
        self._frames_out = metrics.frames.labels(socket.path, "out")
        self._closings = metrics.sockets_closed
        if request.transport is not None:
            self._outbox.on_closing(_cutter(request.transport, self._outbox).start)
        self._is_busy = False
        self._protocol = request.protocol
        self.connection = Connection(
            request.app,
            socket,
            viewer,
            address=request.app[NETWORK].budget_address(request),
            send=self._outbox.put,
            close=self._outbox.close,
        )

    async def hold(self) -> None:
        with self._open_now.track_inprogress():
            async with self._hub.holding(self.connection):
                reading = asyncio.create_task(self._read())
                try:
                    await self._write()
                finally:
                    await self._end(reading)

    async def _read(self) -> None:
        """Take frames until one of the two has had enough; the writer must hear of it always."""
        try:
            await self._take_frames()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and ends the socket
            self.connection.end(self._trouble.refusal(error, socket=self.connection.socket.path))
        finally:
            self._outbox.close(CloseCode.NORMAL, "")  # the client has gone, and what waits with it

    async def _take_frames(self) -> None:
        flood = FloodMeter()
        async for message in self._ws:
            self._frames_in.inc()
            if isinstance(self._protocol, HttpConnection):
                self._protocol.heard_frame()
            if message.type is WSMsgType.BINARY:
                self._outbox.close(CloseCode.BINARY, _TEXT_ONLY)
            elif flood.overflows(self._clock.monotonic()):
                self._outbox.close(CloseCode.FLOODING, "Too many frames at once.")
            elif message.type is WSMsgType.PING:
                await _pong(self._ws, message)
            elif message.type is WSMsgType.TEXT:
                self._is_busy = True
                await self.connection.receive(message.data)
                self._is_busy = False
            if self._outbox.closing is not None:
                return

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while not isinstance(item := await self._outbox.take(), Closing):
                await self._ws.send_frame(item, WSMsgType.TEXT)
                self._outbox.sent()
                self._frames_out.inc()

    async def _end(self, reading: asyncio.Task[None]) -> None:
        """Say goodbye as RFC 6455 has it: a close frame from us, and one back from the client.

        A connection that is just dropped takes with it what the client has not read yet, and that
        is the reason for the goodbye. So nobody else may be reading by now.
        """
        if self._is_busy:
            # A command that has begun is carried out: what it has stored should be told.
            await asyncio.wait({reading}, timeout=COMMAND_SECONDS)
        reading.cancel()
        await asyncio.wait({reading})
        closing = self._outbox.closing
        if closing is not None and not self._ws.closed:
            self._closings.labels(self.connection.socket.path, str(closing.code.value)).inc()
            await self._ws.close(code=closing.code, message=close_reason(closing.reason))


def _cutter(transport: asyncio.Transport, outbox: Outbox) -> Cutter:
    """For after the goodbye: a reader who takes nothing any more is not waited for."""

    def moved() -> object:
        return outbox.taken, transport.is_closing() or transport.get_write_buffer_size()

    return Cutter(transport, moved, PATIENCE_SECONDS)
