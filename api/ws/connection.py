"""One open socket, as commands and events see it.

It holds no socket: what it sends goes to a callable, what it receives comes as text. So it is
tested with `list.append`, and a Socket.IO client can stand behind one as well as a WebSocket.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from api import ratelimits
from api.access import Viewer, require_role
from api.errors import Code, Refusal, Unauthenticated
from api.keys import AUTHENTICATOR, CLOCK, METRICS, RATE_LIMITS, TROUBLE
from api.parsing import parse_json
from api.ws.closing import CloseCode, close_code
from api.ws.common import common
from api.ws.declare import DeclaredCommand, Event, Socket
from api.ws.frames import Head, id_of, refusal_frame

# A token that has ended may be renewed for this long before its socket closes.
GRACE = timedelta(minutes=1)


class Connection:
    def __init__(
        self,
        app: web.Application,
        socket: Socket,
        viewer: Viewer,
        *,
        address: str,
        send: Callable[[bytes], None],
        close: Callable[[CloseCode, str], None],
    ) -> None:
        self.app = app
        self.socket = socket
        self.viewer = viewer
        self.address = address
        self.send_frame = send
        self.close = close

    def send(self, event: Event, *, reply_to: str | int | None = None) -> None:
        self.send_frame(event.frame(reply_to))

    async def receive(self, text: str) -> None:
        """Carry out one frame; a bad one is answered, and nothing else comes of it."""
        raw = text.encode()
        try:
            head = parse_json(Head, raw)
            command = self._find(head.type)
            require_role(self.viewer, command.roles)
            await self._take_from_budget(command)
            assert command.handler is not None
            answer = await command.handler(self, parse_json(command.body, raw))
            if answer is not None:
                self.send(answer, reply_to=head.id)
        except Exception as error:  # noqa: BLE001 - a bug is logged by `_refuse`, and the socket stays
            self._refuse(error, reply_to=id_of(raw))

    async def renew(self, token: str) -> None:
        """Go on with a fresh token of the same person."""
        now = self.app[CLOCK].now()
        try:
            viewer = await self.app[AUTHENTICATOR].viewer(token, now)
        except Refusal as refusal:
            self.close(close_code(refusal), refusal.message)
            return
        if viewer.user_id != self.viewer.user_id:
            self.close(CloseCode.UNAUTHENTICATED, "That is somebody else's token.")
            return
        self.viewer = viewer

    def has_expired(self, now: datetime) -> bool:
        if self.socket.outlives_token or self.viewer.expires_at is None:
            return False
        return now >= self.viewer.expires_at + GRACE

    def end(self, refusal: Refusal) -> None:
        """Close, because the person behind it may no longer be here."""
        self.close(close_code(refusal), refusal.message)

    def _find(self, name: str) -> DeclaredCommand:
        command = self.socket.find(name) or common.find(name)
        if command is None or command.handler is None:
            raise Refusal(f"This socket knows no {name!r}.", Code.BAD_REQUEST)
        return command

    async def _take_from_budget(self, command: DeclaredCommand) -> None:
        if command.limit is None:
            return
        verdict = await self.app[RATE_LIMITS].take(
            command.limit, address=self.address, viewer=self.viewer, now=self.app[CLOCK].now()
        )
        if not verdict.allowed:
            raise ratelimits.refusal(verdict)

    def _refuse(self, error: Exception, *, reply_to: str | int | None) -> None:
        refusal = self.app[TROUBLE].refusal(error, socket=self.socket.path)
        self.app[METRICS].refusals.labels(str(refusal.code)).inc()
        self.send_frame(refusal_frame(refusal, reply_to))


def expired() -> Refusal:
    return Unauthenticated("Your sign-in has ended. Come back with a fresh token.")
