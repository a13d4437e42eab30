"""The mock: it checks as the server does, and answers what the contract shows."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from api.configuration import Configuration
from api.examples import example_command, example_event, example_of
from api.features import ENDPOINTS, SOCKETS
from api.json_schema import SENT
from api.mock import BAD_TOKEN, mock_app
from api.routing import OPEN, Endpoints
from api.versions import VENDOR_JSON
from api.wire import Page
from tests.api import declared
from tests.api.declared import FilmOut, Lights, SceneCut

SIGNED_IN = {"Authorization": "Bearer anything"}
CINEMA = "/ws/cinema/ABCD2345/"
FORM = {"seat": "5", "grant_type": "seat"}


@pytest.fixture
async def mock() -> AsyncIterator[TestClient[Any, Any]]:
    app = mock_app(declared.ROUTES, declared.SOCKETS, configuration=Configuration(_env_file=None))
    async with TestClient(TestServer(app)) as client:
        yield client


async def code(response: ClientResponse) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


async def test_a_planned_route_answers_its_example_at_its_status(
    mock: TestClient[Any, Any],
) -> None:
    body = {"title": "Paper Boats"}
    async with mock.post("/films", headers=SIGNED_IN, json=body) as response:
        assert response.status == 201
        assert await response.json() == example_of(FilmOut)


async def test_a_built_route_answers_its_example_too(mock: TestClient[Any, Any]) -> None:
    async with mock.get("/notes/n_whatever", headers=SIGNED_IN) as response:
        assert (await response.json())["words"] == "Buy bread"


async def test_a_list_has_something_in_it(mock: TestClient[Any, Any]) -> None:
    async with mock.get("/notes", headers=SIGNED_IN) as response:
        assert len((await response.json())["items"]) == 1


async def test_whoever_sends_no_token_or_the_bad_one_is_refused(mock: TestClient[Any, Any]) -> None:
    assert await code(await mock.get("/notes")) == (401, "UNAUTHENTICATED")
    bad = {"Authorization": f"Bearer {BAD_TOKEN}"}
    assert await code(await mock.get("/notes", headers=bad)) == (401, "UNAUTHENTICATED")


async def test_any_other_token_may_do_what_others_roles_do(mock: TestClient[Any, Any]) -> None:
    async with mock.get("/films/t_1/poster", headers=SIGNED_IN) as response:
        assert response.status == 200


async def test_an_open_route_asks_for_nothing_and_its_flag_is_on(
    mock: TestClient[Any, Any],
) -> None:
    async with mock.post("/tickets/", data=FORM) as response:
        assert response.status == 200
        assert response.headers["RateLimit-Remaining"] == "99999"


async def test_a_body_is_checked_as_the_server_checks_it(mock: TestClient[Any, Any]) -> None:
    async with mock.put("/films/t_1", headers=SIGNED_IN, json={"name": "x"}) as response:
        error = (await response.json())["error"]
    assert error["code"] == "VALIDATION_FAILED"
    assert {detail["field"] for detail in error["details"]} == {"title", "name"}


async def test_what_was_got_can_be_changed_and_put_back(mock: TestClient[Any, Any]) -> None:
    body = {"id": "t_1", "seen_at": None, "title": "Paper Boats II"}
    async with mock.put("/films/t_1", headers=SIGNED_IN, json=body) as response:
        assert response.status == 200


async def test_a_query_is_checked_too(mock: TestClient[Any, Any]) -> None:
    refused = await mock.get("/films?limit=1000&of=t_1", headers=SIGNED_IN)
    assert await code(refused) == (400, "VALIDATION_FAILED")


async def test_a_body_of_the_wrong_kind_is_refused(mock: TestClient[Any, Any]) -> None:
    assert await code(await mock.post("/tickets/", json={})) == (415, "UNSUPPORTED_MEDIA_TYPE")
    live = await mock.post("/films/t_1/live", headers=SIGNED_IN, data=b"v=0")
    assert await code(live) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("path", "kind", "begins"),
    [
        ("/films/t_1/poster", "image/png", b"\x89PNG"),
        ("/films/t_1/news", "text/event-stream", b"retry:"),
    ],
)
async def test_what_is_no_json_comes_as_the_least_of_its_kind(
    mock: TestClient[Any, Any], path: str, kind: str, begins: bytes
) -> None:
    async with mock.get(path, headers=SIGNED_IN) as response:
        assert response.content_type == kind
        assert (await response.read()).startswith(begins)


async def test_a_description_of_a_session_is_answered_with_one(mock: TestClient[Any, Any]) -> None:
    sdp = {**SIGNED_IN, "Content-Type": "application/sdp"}
    async with mock.post("/films/t_1/live", headers=sdp, data=b"v=0\r\n") as response:
        assert response.status == 201
        assert (await response.text()).startswith("v=0\r\n")


async def test_nothing_is_answered_where_nothing_is_declared(mock: TestClient[Any, Any]) -> None:
    async with mock.delete("/films/t_1", headers=SIGNED_IN) as response:
        assert (response.status, await response.read()) == (204, b"")


async def test_versions_slashes_and_unknown_paths_are_the_server_s_own(
    mock: TestClient[Any, Any],
) -> None:
    vendor = {**SIGNED_IN, "Accept": VENDOR_JSON}
    async with mock.get("/notes/", headers=vendor) as response:
        assert (response.status, response.content_type) == (200, VENDOR_JSON)
        assert response.headers["X-Request-ID"]
    other = {**SIGNED_IN, "Accept": "application/vnd.app.v9+json"}
    assert await code(await mock.get("/notes", headers=other)) == (406, "NOT_ACCEPTABLE")
    assert await code(await mock.patch("/notes", headers=SIGNED_IN)) == (405, "METHOD_NOT_ALLOWED")
    assert await code(await mock.get("/nowhere", headers=SIGNED_IN)) == (404, "NOT_FOUND")


async def test_every_route_of_the_contract_answers_its_own_example() -> None:
    routes = [route for endpoint in ENDPOINTS for route in endpoint.routes]
    app = mock_app(routes, SOCKETS, configuration=Configuration(_env_file=None))
    async with TestClient(TestServer(app)) as client:
        for route in routes:
            if route.path == "/docs/{file}":
                continue  # not mocked: it is the page that shows the mock
            options: dict[str, Any] = {"headers": {**SIGNED_IN, "Content-Type": route.consumes}}
            if route.body is not None:
                options["data"] = json.dumps(example_of(route.body, SENT))
            if route.query is not None:
                given = example_of(route.query, SENT).items()
                options["params"] = {name: str(value) for name, value in given if value is not None}
            path = re.sub(r"\{[^}]*\}", "anything", route.path)
            async with client.request(
                route.method, path, allow_redirects=False, **options
            ) as response:
                assert response.status == route.status, f"{route.method} {route.path}"


@pytest.mark.parametrize(
    "handshake",
    [
        {"headers": SIGNED_IN},
        {"params": {"token": "anything"}},
        {"protocols": ("hearth.v1", "bearer.anything")},
    ],
    ids=["header", "query", "subprotocol"],
)
async def test_a_socket_opens_with_each_form_of_the_handshake(
    mock: TestClient[Any, Any], handshake: dict[str, Any]
) -> None:
    async with mock.ws_connect(CINEMA, **handshake) as ws:
        await ws.send_json({"type": "ping", "id": 1})
        assert await ws.receive_json() == {"type": "pong", "reply_to": 1}


async def test_a_socket_opens_with_a_first_frame(mock: TestClient[Any, Any]) -> None:
    async with mock.ws_connect(CINEMA) as ws:
        await ws.send_json({"type": "auth", "token": "anything"})
        await ws.send_json({"type": "ping"})
        assert await ws.receive_json() == {"type": "pong"}


async def test_the_bad_token_opens_no_socket(mock: TestClient[Any, Any]) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await mock.ws_connect(CINEMA, params={"token": BAD_TOKEN})
    assert refused.value.status == 401


async def test_a_command_is_answered_by_its_example(mock: TestClient[Any, Any]) -> None:
    cut = declared.socket.commands["scene:cut"]
    async with mock.ws_connect(CINEMA, headers=SIGNED_IN) as ws:
        await ws.send_json(example_command(cut))
        assert await ws.receive_json() == example_event(SceneCut, "7")
        await ws.send_json({**example_command(cut), "type": "cut"})
        assert await ws.receive_json() == example_event(SceneCut, "7")


async def test_a_wrong_or_unknown_command_is_answered_by_an_error(
    mock: TestClient[Any, Any],
) -> None:
    async with mock.ws_connect(CINEMA, headers=SIGNED_IN) as ws:
        await ws.send_json({"type": "scene:cut", "id": 3, "at": -1})
        wrong = await ws.receive_json()
        await ws.send_json({"type": "scene:paint"})
        unknown = await ws.receive_json()
    assert (wrong["type"], wrong["reply_to"]) == ("error", 3)
    assert wrong["error"]["code"] == "VALIDATION_FAILED"
    assert unknown["error"]["code"] == "BAD_REQUEST"


async def test_all_events_are_shown_to_whoever_asks(mock: TestClient[Any, Any]) -> None:
    async with mock.ws_connect(CINEMA, headers=SIGNED_IN) as ws:
        await ws.send_json({"type": "mock:events"})
        shown = [await ws.receive_json(), await ws.receive_json()]
    assert shown == [example_event(SceneCut), example_event(Lights)]


async def test_what_is_answered_in_two_kinds_comes_as_the_one_that_is_asked_for() -> None:
    made = Endpoints("Log")
    kinds: Any = {"roles": OPEN, "returns": Page[FilmOut], "produces": "text/csv"}
    made.planned("GET", "/log", "The log.", **kinds)
    app = mock_app(made.routes, [], configuration=Configuration(_env_file=None))
    async with TestClient(TestServer(app)) as client:
        async with client.get("/log") as response:
            assert response.content_type == "application/json"
        async with client.get("/log", headers={"Accept": "text/csv"}) as response:
            assert (await response.text()).startswith("id,")
