"""The commands that every socket knows."""

from typing import TYPE_CHECKING

from api.access import EVERYONE
from api.ws.declare import Socket
from api.ws.frames import Auth, ErrorEvent, Ping, Pong

if TYPE_CHECKING:
    from api.ws.connection import Connection

common = Socket("", "What every socket knows.", tag="Sockets", roles=EVERYONE)
common.sends(ErrorEvent)


@common.command("ping", body=Ping, answers=Pong)
async def ping(connection: "Connection", body: Ping) -> Pong:
    """Ask whether the server is there."""
    return Pong()


@common.command("auth", body=Auth, answers=None)
async def auth(connection: "Connection", body: Auth) -> None:
    """Sign in as the first frame, or go on with a fresh token."""
    await connection.renew(body.token)
