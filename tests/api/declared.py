"""Declarations of every kind: what documents and mock must cope with, the specimen aside."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from api.access import ADMINS, CHILDREN, EVERYONE, MEMBERS
from api.errors import Code
from api.routing import OPEN, Endpoints
from api.wire import SERVER_MADE, Page, PageQuery, Timestamp, Wire, id_field
from api.ws.declare import Command, Event, Socket
from tests.specimen import commands, routes

FilmId = Annotated[str, id_field("t")]


class FilmOut(Wire):
    """A film that may be seen."""

    id: Annotated[FilmId, SERVER_MADE]
    title: Annotated[str, Field(examples=["Paper Boats"])]
    kind: Literal["movie", "tv"]
    seen_at: Annotated[Timestamp | None, SERVER_MADE]
    likes: list["FilmOut"]


class FilmsQuery(PageQuery):
    """Which films."""

    kind: Annotated[Literal["movie", "tv"] | None, Field(description="Left out: both.")] = None
    of: FilmId


class ChangeFilm(Wire):
    """What may be changed of a film."""

    title: Annotated[str, Field(min_length=1, max_length=80)]


class Ticket(Wire):
    """A form that asks for a seat."""

    seat: Annotated[int, Field(gt=0, multiple_of=5)]
    grant_type: Literal["seat"]


class Cut(Command):
    """A scene to leave out."""

    at: Annotated[float, Field(ge=0)]


class SceneCut(Event, type="scene:cut"):
    """A scene was left out."""

    at: float
    by: Annotated[str | None, Field(examples=["u_01jn8xv3k0e5qr7s9tbcdfghj2"])]


class Lights(Event, type="lights"):
    """It gets dark."""

    level: Annotated[int, Field(ge=0, le=100)]


class CinemaQuery(Wire):
    """Which cinema."""

    row: Annotated[int | None, Field(ge=1, description="Left out: any.")] = None


endpoint = Endpoints("Films")
endpoint.planned("GET", "/films", "Films.", roles=MEMBERS, query=FilmsQuery, returns=Page[FilmOut])
endpoint.planned(
    "PUT",
    "/films/{id}",
    "Change a film.",
    roles=ADMINS,
    body=ChangeFilm,
    returns=FilmOut,
    refuses=(Code.PRECONDITION_FAILED, Code.TITLE_BLOCKED),
)
endpoint.planned("GET", "/films/{id}", "A film.", roles=MEMBERS, returns=FilmOut)
endpoint.planned("DELETE", "/films/{id}", "Forget it.", roles=ADMINS, returns=None, status=204)
endpoint.planned(
    "GET", "/films/{id}/poster", "Its poster.", roles=CHILDREN, returns=None, produces="image/png"
)
endpoint.planned(
    "POST",
    "/tickets/",
    "Ask for a seat.",
    roles=OPEN,
    body=Ticket,
    consumes="application/x-www-form-urlencoded",
    returns=FilmOut,
    limit="auth",
    flag="cinema",
)
endpoint.planned(
    "POST",
    "/films/{id}/live",
    "Show it live.",
    roles=EVERYONE,
    credential="stream",
    consumes="application/sdp",
    produces="application/sdp",
    returns=None,
    status=201,
)
endpoint.planned(
    "GET",
    "/films/{id:[a-z0-9_]+}/news",
    "What happens to it.",
    roles=EVERYONE,
    credential="device",
    produces="text/event-stream",
    returns=None,
)


async def _read_again(request: web.Request, film_id: str) -> FilmOut:
    raise NotImplementedError


endpoint.planned(
    "POST",
    "/films",
    "Add a film.",
    roles=ADMINS,
    body=ChangeFilm,
    returns=FilmOut,
    status=201,
    again=_read_again,
)

socket = Socket(
    "/ws/cinema/{code}/",
    "A film together.",
    tag="Films",
    roles=MEMBERS,
    query=CinemaQuery,
    short_names={"cut": "scene:cut"},
)
socket.planned("scene:cut", "Leave it out.", body=Cut, answers=SceneCut, roles=ADMINS)
socket.planned("scene:hide", "Leave it out in silence.", body=Cut, answers=None, limit="messages")
socket.sends(Lights)

ROUTES = [*endpoint.routes, *routes.endpoint.routes]
SOCKETS = [socket, commands.socket, commands.patient]
