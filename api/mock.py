"""`hearth mock`: the whole contract, answered with examples.

It is the real frame with other handlers: requests are negotiated, limited, authorised and validated
as the server does it, and then the example of the declared answer is sent. Any token but `bad`
belongs to an admin who may do everything; nothing is kept.
"""

import copy
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from aiohttp import web
from aiohttp.hdrs import ACCEPT, CONTENT_TYPE

from api import ratelimits
from api.access import EVERYONE, Role, Viewer
from api.app import frame
from api.configuration import Configuration
from api.errors import Code, Refusal, Unauthenticated
from api.examples import instance_of
from api.keys import AUTHENTICATOR, RATE_LIMITS, SETTINGS, SIGHTINGS
from api.operations.documents import DOCUMENTS, Documents
from api.ratelimits import RateLimits
from api.routing import Answer, Route
from api.settings.declare import Catalogue, switch
from api.settings.live import LiveSettings
from api.sightings import Sightings
from api.specimens import specimen_of
from api.versions import JSON
from api.ws.connection import Connection
from api.ws.declare import Command, DeclaredCommand, Event, Socket
from api.ws.hub import HUB, Hub
from store.bus.local import LocalBus
from store.clock import Clock, SystemClock
from store.limits.local import LocalLimits

BAD_TOKEN = "bad"  # noqa: S105 - it is the one that opens nothing
# They tell what is mocked here, so these are the real ones.
_DOCUMENTS = ("/docs", "/openapi.json", "/asyncapi.json")

_ANY_TYPE = {"*/*": "application/octet-stream"}


def mock_app(
    routes: Iterable[Route],
    sockets: Iterable[Socket],
    *,
    configuration: Configuration,
    clock: Clock | None = None,
) -> web.Application:
    declared, played = list(routes), list(sockets)
    clock = clock or SystemClock()
    app = frame(configuration, clock, map(_answering, declared), map(_playing, played))
    app[SETTINGS] = _everything_on(declared)
    app[RATE_LIMITS] = RateLimits(LocalLimits(), LocalLimits(), app[SETTINGS])
    app[AUTHENTICATOR] = AnyToken()
    app[SIGHTINGS] = Sightings(clock)
    app[HUB] = Hub(LocalBus(), app[AUTHENTICATOR], clock, wake=lambda: None)
    app[DOCUMENTS] = Documents.of(declared, played, planned=True, server_url=configuration.own_url)
    return app


class AnyToken:
    """Takes every token but one for an admin's."""

    async def viewer(self, token: str, now: datetime) -> Viewer:
        if token == BAD_TOKEN:
            raise Unauthenticated("This token opens nothing here. Any other does.")
        return Viewer(Role.ADMIN, session_id="mock", user_id="u_mock")

    async def cookie_viewer(
        self, cookies: Mapping[str, str], path: str, now: datetime
    ) -> Viewer | None:
        return None

    def csrf_token(self, viewer: Viewer) -> str:
        return viewer.session_id

    def forget(self) -> None: ...

    async def ended(self, viewers: Collection[Viewer], now: datetime) -> Mapping[Viewer, Refusal]:
        return {}


def _everything_on(routes: Iterable[Route]) -> LiveSettings:
    flags = sorted({route.flag for route in routes if route.flag is not None})
    limits = (ratelimits.AUTH, ratelimits.MESSAGES)
    return LiveSettings(
        Catalogue(
            [
                *(switch(f"feature.{flag}", default=True, description="") for flag in flags),
                # Limits are counted and told, and hold up nobody's tests.
                *(replace(limit, default=limit.maximum or limit.default) for limit in limits),
            ]
        )
    )


def _answering(route: Route) -> Route:
    """The same route, with its example in the handler's place."""
    if route.path.startswith(_DOCUMENTS):
        return route

    async def answer(request: web.Request, *_: object) -> Answer | web.Response:
        if route.consumes != JSON and request.content_type != route.consumes:
            raise Refusal(f"This route reads {route.consumes}.", Code.UNSUPPORTED_MEDIA_TYPE)
        asked_for_it = route.produces in request.headers.get(ACCEPT, "")
        if route.produces != JSON and (route.returns is None or asked_for_it):
            return web.Response(
                body=specimen_of(route.produces),
                status=route.status,
                headers={CONTENT_TYPE: _ANY_TYPE.get(route.produces, route.produces)},
            )
        return Answer(None if route.returns is None else instance_of(route.returns))

    return replace(
        route,
        handler=answer,
        roles=None if route.roles is None else EVERYONE,
        body=route.body if route.consumes == JSON else None,
        again=None,
    )


def _playing(socket: Socket) -> Socket:
    """The same socket, with an example in the place of every handler."""

    async def show_events(connection: Connection, _: Command) -> None:
        for event in socket.events.values():
            connection.send(instance_of(event))

    show = DeclaredCommand(
        "mock:events", "Send one of each event.", Command, answers=None, handler=show_events
    )
    played = copy.copy(socket)
    played.roles = EVERYONE
    played.commands = {name: _replying(command) for name, command in socket.commands.items()}
    played.commands[show.name] = show
    return played


def _replying(command: DeclaredCommand) -> DeclaredCommand:
    async def reply(_: Connection, __: Command) -> Event | None:
        return None if command.answers is None else instance_of(command.answers)

    return replace(command, handler=reply, roles=EVERYONE)
