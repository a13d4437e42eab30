"""The AsyncAPI document, which says of each socket what its declaration says, and no more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from api.asyncapi import CLOSE_CODES, asyncapi_document
from api.features import SOCKETS as CONTRACT
from api.ws.closing import CloseCode
from tests.api.declared import SOCKETS

OFFICIAL = json.loads((Path(__file__).parent / "data/asyncapi-3.0.0.json").read_text())
ABOUT = {"title": "Hearth", "version": "0.1.0", "server_url": "https://hearth.example/home"}
DOCUMENTS = {
    "specimens": asyncapi_document(SOCKETS, planned=True, **ABOUT),
    "contract": asyncapi_document(CONTRACT, planned=True, **ABOUT),
}
SPECIMENS = DOCUMENTS["specimens"]
CINEMA = SPECIMENS["channels"]["ws_cinema_code"]


@pytest.fixture(params=list(DOCUMENTS.values()), ids=list(DOCUMENTS))
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = request.param
    return made


def messages(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for channel in document["channels"].values():
        for name, message in channel["messages"].items():
            yield f"{channel['address']} {name}", message


def resolve(document: dict[str, Any], reference: str) -> Any:
    part = document
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def test_it_is_valid_asyncapi(document: dict[str, Any]) -> None:
    problems = [
        f"{e.json_path}: {e.message}" for e in Draft7Validator(OFFICIAL).iter_errors(document)
    ]
    assert not problems
    assert document["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for operation in document["operations"].values():
        for reference in (
            operation["channel"],
            *operation["messages"],
            *operation.get("reply", {}).get("messages", ()),
        ):
            assert resolve(document, reference["$ref"])


def test_every_example_fits_its_payload(document: dict[str, Any]) -> None:
    for place, message in messages(document):
        schema = {**message["payload"], "components": document["components"]}
        Draft7Validator.check_schema(schema)
        (example,) = message["examples"]
        problems = [
            f"{place}: {error.json_path}: {error.message}"
            for error in Draft7Validator(schema).iter_errors(example["payload"])
        ]
        assert not problems


def test_a_socket_is_a_channel_at_its_path() -> None:
    assert CINEMA["address"] == "/ws/cinema/{code}/"
    assert CINEMA["parameters"] == {"code": {}}
    assert CINEMA["x-hearth-roles"] == ["ADMIN", "PARENT", "CHILD"]
    query = CINEMA["bindings"]["ws"]["query"]
    assert query["properties"]["row"] == {
        "type": "integer",
        "minimum": 1,
        "description": "Left out: any.",
    }


def test_a_server_with_a_path_and_encryption_says_so() -> None:
    server = SPECIMENS["servers"]["hearth"]
    assert (server["protocol"], server["host"], server["pathname"]) == (
        *("wss", "hearth.example", "/home"),
    )


def test_each_way_of_the_handshake_is_a_security_scheme() -> None:
    schemes = SPECIMENS["components"]["securitySchemes"]
    assert schemes.keys() == {"header", "query", "subprotocol", "frame"}
    assert len(SPECIMENS["servers"]["hearth"]["security"]) == len(schemes)


def test_a_command_is_received_and_its_answer_is_the_reply() -> None:
    cut = SPECIMENS["operations"]["ws_cinema_code.command.scene_cut"]
    assert cut["action"] == "receive"
    assert cut["x-hearth-roles"] == ["ADMIN"]
    (reply,) = cut["reply"]["messages"]
    assert resolve(SPECIMENS, reply["$ref"])["name"] == "scene:cut"


def test_a_command_without_an_answer_has_no_reply() -> None:
    hide = SPECIMENS["operations"]["ws_cinema_code.command.scene_hide"]
    assert "reply" not in hide
    assert hide["x-hearth-limit"] == "messages"


def test_an_event_is_sent_and_names_its_type() -> None:
    assert SPECIMENS["operations"]["ws_cinema_code.event.lights"]["action"] == "send"
    payload = CINEMA["messages"]["event.lights"]["payload"]
    assert payload["properties"]["type"] == {"type": "string", "const": "lights"}
    assert payload["properties"]["reply_to"]["type"] == ["string", "integer"]
    assert payload["required"] == ["type", "level"]


def test_a_command_s_older_names_are_names_of_the_same_frame() -> None:
    payload = CINEMA["messages"]["command.scene_cut"]["payload"]
    assert payload["properties"]["type"] == {"type": "string", "enum": ["scene:cut", "cut"]}
    assert "id" in payload["properties"]
    assert payload["additionalProperties"] is False


def test_every_channel_knows_the_common_frames(document: dict[str, Any]) -> None:
    for channel in document["channels"].values():
        common = {"command.ping", "command.auth", "event.pong", "event.error"}
        assert common <= channel["messages"].keys()


def test_every_close_code_is_explained() -> None:
    assert CLOSE_CODES.keys() == set(CloseCode)
    for code in CloseCode:
        assert f"- {code.value}: " in SPECIMENS["info"]["description"]


def test_what_is_planned_is_shown_only_when_asked_for() -> None:
    built = asyncapi_document(SOCKETS, planned=False, **ABOUT)
    addresses = {channel["address"] for channel in built["channels"].values()}
    assert "/ws/notes" in addresses
    assert CINEMA["address"] not in addresses
