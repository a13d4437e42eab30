"""Notes over a socket."""

from api.access import ADMINS, MEMBERS
from api.errors import Forbidden
from api.ws.connection import Connection
from api.ws.declare import Socket
from tests.specimen.schemas import Said, Say

socket = Socket("/ws/notes", "Notes as they are said.", tag="Notes", roles=MEMBERS)
patient = Socket(
    "/ws/patient", "For clients that know no auth.", tag="Notes", roles=ADMINS, outlives_token=True
)


@patient.command("say", body=Say, answers=Said)
@socket.command("say", body=Say, answers=Said, limit="messages")
async def say(connection: Connection, body: Say) -> Said:
    """Say something and hear it back."""
    if body.words == "refuse me":
        raise Forbidden("Not that.")
    if body.words == "break":
        raise RuntimeError("a bug")
    return Said(words=body.words)


@socket.command("say:often", body=Say, answers=None)
async def say_often(connection: Connection, body: Say) -> None:
    """Hear it a thousand times."""
    for _ in range(1000):
        connection.send(Said(words=body.words))
