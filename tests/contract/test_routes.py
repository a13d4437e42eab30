"""The contract's list of routes, held against what is declared, served and documented."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from api.app import documents
from api.features import ENDPOINTS, SOCKETS
from api.routing import OPEN, Route
from api.ws.common import common
from api.ws.declare import Socket
from tests.specimen.commands import patient, socket
from tests.specimen.routes import endpoint as specimen_routes
from tests.support.server import Server

_LIST = Path(__file__).with_name("routes.txt")


def _read() -> tuple[set[str], dict[str, str]]:
    """The features that are built, and each line's feature."""
    built: set[str] = set()
    lines: dict[str, str] = {}
    for line in _LIST.read_text().splitlines():
        if line.startswith("built:"):
            built = set(line.removeprefix("built:").split())
        elif line and not line.startswith("#"):
            kind, path, *frame, feature = line.split()
            lines[" ".join((kind, path if frame else _bare(path), *frame))] = feature
    return built, lines


def _bare(path: str) -> str:
    return path.rstrip("/") or "/"


BUILT, CONTRACT = _read()
ROUTES = [route for endpoint in ENDPOINTS for route in endpoint.routes]


def _named(route: Route) -> str:
    return f"{route.method} {_bare(route.path)}"


def _frames(socket: Socket) -> dict[str, bool]:
    """Every frame of a socket's own, and whether it is built; an event is as soon as it is sent."""
    names = {
        f"WS {socket.path} > {c.name}": c.handler is not None for c in socket.commands.values()
    }
    for short, name in socket.short_names.items():
        names[f"WS {socket.path} > {short}"] = socket.commands[name].handler is not None
    events = socket.events.keys() - common.events.keys()
    return names | {f"WS {socket.path} < {name}": socket.is_built() for name in events}


FRAMES = {name: built for socket in SOCKETS for name, built in _frames(socket).items()}


DECLARED = {_named(route) for route in ROUTES} | FRAMES.keys()
SERVED = {_named(route) for route in ROUTES if route.handler is not None}
SERVED |= {name for name, built in FRAMES.items() if built}


def test_the_whole_contract_is_declared() -> None:
    assert CONTRACT.keys() - DECLARED == set()


def test_no_route_is_declared_twice() -> None:
    names = [_named(route) for route in ROUTES]
    assert len(names) == len(set(names))


def test_what_is_marked_built_is_served() -> None:
    owed = {thing for thing, feature in CONTRACT.items() if feature in BUILT}
    assert owed - SERVED == set()


def test_a_feature_that_is_served_whole_is_marked_built() -> None:
    things: dict[str, set[str]] = defaultdict(set)
    for thing, feature in CONTRACT.items():
        things[feature].add(thing)
    assert {feature for feature in things if things[feature] <= SERVED} == BUILT


def test_every_post_that_makes_something_can_be_repeated() -> None:
    forgetful = [
        _named(route)
        for route in ROUTES
        if (route.method, route.status) == ("POST", 201)
        and route.handler
        and route.roles is not OPEN  # a key is a user's
        and not route.again
    ]
    assert forgetful == []


async def test_nothing_is_served_that_was_not_declared(server: Server) -> None:
    """A route without a schema has to get past `Endpoints`, and then past this."""
    sockets = {f"GET {socket.path}" for socket in (*SOCKETS, socket, patient)}
    specimen = {_named(route) for route in specimen_routes.routes}
    assert answered_to(server.app) - SERVED - sockets - specimen == set()


def test_a_route_that_bypasses_the_declarations_is_found() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/throw-away", handler)
    assert answered_to(app) - SERVED == {"GET /throw-away"}


def answered_to(app: web.Application) -> set[str]:
    return {
        f"{route.method} {_bare(route.resource.canonical)}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


@pytest.mark.parametrize("planned", [False, True])
def test_the_document_has_what_is_served_or_with_the_planned_everything(planned: bool) -> None:
    shown = {f"{method.upper()} {_bare(path)}" for path, method, _ in operations(planned)}
    assert shown == {_named(r) for r in ROUTES if planned or r.handler is not None}


@pytest.mark.parametrize("planned", [False, True])
def test_every_operation_states_its_security(planned: bool) -> None:
    assert [
        f"{m} {path}" for path, m, operation in operations(planned) if "security" not in operation
    ] == []


def operations(planned: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = json.loads(documents(planned=planned).openapi)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation
