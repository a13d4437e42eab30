"""The OpenAPI document, which says of each route what its declaration says, and no more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import create_model

from api.access import ADMINS
from api.envelope import error_body
from api.errors import Code, Detail, Refusal
from api.features import ENDPOINTS
from api.openapi import openapi_document
from api.refusals import ERROR_SCHEMA
from api.routing import Endpoints, Route, WrongDeclaration
from api.settings.routes import endpoint as settings
from api.wire import Wire
from tests.api.declared import ROUTES, FilmOut

CONTRACT = [route for endpoint in ENDPOINTS for route in endpoint.routes]
ABOUT = {"title": "Hearth", "version": "0.1.0", "server_url": "https://hearth.example"}
DOCUMENTS = {
    "specimens": openapi_document(ROUTES, **ABOUT),
    "settings": openapi_document(settings.routes, **ABOUT),
    "contract": openapi_document(CONTRACT, **ABOUT),
}
SPECIMENS = DOCUMENTS["specimens"]


@pytest.fixture(params=list(DOCUMENTS.values()), ids=list(DOCUMENTS))
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = request.param
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def operation(name: str) -> dict[str, Any]:
    return dict(operations(SPECIMENS))[name]


def responses(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for response in operation["responses"].values():
        name = response.get("$ref", "").rpartition("/")[2]
        yield document["components"]["responses"][name] if name else response


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.1"
    assert json.loads(json.dumps(document)) == document


def test_every_route_stands_there_once() -> None:
    for name, routes in (("specimens", ROUTES), ("contract", CONTRACT)):
        ids = [told["operationId"] for _, told in operations(DOCUMENTS[name])]
        assert len(ids) == len(routes)
        assert len(set(ids)) == len(ids)


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    for place, told in operations(document):
        bodies = [told["requestBody"]] if "requestBody" in told else []
        for part in (*bodies, *responses(document, told)):
            for media in part.get("content", {}).values():
                schema = {**media.get("schema", {}), "components": document["components"]}
                Draft202012Validator.check_schema(schema)
                if "example" in media:
                    problems = [
                        f"{place}: {error.json_path}: {error.message}"
                        for error in Draft202012Validator(schema).iter_errors(media["example"])
                    ]
                    assert not problems


def test_an_open_route_has_an_empty_security_and_every_other_names_its_credential() -> None:
    security = {name: told["security"] for name, told in operations(SPECIMENS)}
    assert security["POST /tickets/"] == []
    assert security["GET /films"] == [{"bearer": []}]
    assert security["GET /films/{id}/news"] == [{"device": []}]
    assert security["POST /films/{id}/live"] == [{"stream": []}]


def test_it_names_the_roles_and_the_flag_of_a_route() -> None:
    assert operation("GET /films")["x-hearth-roles"] == ["ADMIN", "PARENT", "CHILD"]
    assert operation("POST /tickets/")["x-hearth-flag"] == "cinema"
    assert "x-hearth-roles" not in operation("POST /tickets/")
    assert "x-hearth-roles" not in operation("POST /films/{id}/live")


def test_a_query_is_shown_parameter_by_parameter() -> None:
    parameters = {told["name"]: told for told in operation("GET /films")["parameters"]}
    assert parameters["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 200,
        "default": 50,
    }
    assert parameters["of"]["required"] is True
    assert parameters["kind"]["description"] == "Left out: both."
    assert parameters["kind"]["schema"] == {"type": "string", "enum": ["movie", "tv"]}
    assert "FilmsQuery" not in SPECIMENS["components"]["schemas"]


def test_a_path_s_pattern_stands_in_its_parameter_s_schema() -> None:
    (parameter,) = operation("GET /films/{id}/news")["parameters"]
    assert parameter["schema"] == {"type": "string", "pattern": "^(?:[a-z0-9_]+)$"}


def test_json_is_taken_and_answered_under_both_of_its_types() -> None:
    told = operation("PUT /films/{id}")
    both = ["application/json", "application/vnd.app.v1+json"]
    assert list(told["requestBody"]["content"]) == both
    assert told["requestBody"]["required"] is True
    assert list(told["responses"]["200"]["content"]) == both


def test_what_is_no_json_is_shown_by_its_own_type() -> None:
    assert operation("GET /films/{id}/poster")["responses"]["200"]["content"] == {"image/png": {}}
    assert list(operation("POST /tickets/")["requestBody"]["content"]) == [
        "application/x-www-form-urlencoded"
    ]
    assert operation("POST /films/{id}/live")["requestBody"] == {
        "required": True,
        "content": {"application/sdp": {"schema": {"type": "string"}}},
    }
    assert "content" not in operation("DELETE /films/{id}")["responses"]["204"]


def test_generic_schemas_have_names_that_can_be_said() -> None:
    names = SPECIMENS["components"]["schemas"]
    assert {"PageOfFilmOut", "PageOfNoteOut", "NoteOut"} <= names.keys()
    assert all("title" not in schema for schema in names.values())


def test_fields_of_the_server_s_making_are_read_only_wherever_they_stand() -> None:
    class Sent(Wire):
        note: FilmOut

    made = openapi_document([_route("POST", body=Sent, returns=Sent)], **ABOUT)
    schemas = made["components"]["schemas"]
    for name in ("FilmOut-Input", "FilmOut-Output"):
        assert schemas[name]["properties"]["id"]["readOnly"] is True
        assert schemas[name]["properties"]["seen_at"]["readOnly"] is True
        assert "readOnly" not in schemas[name]["properties"]["title"]


def test_what_is_sent_is_closed_and_what_is_got_may_grow() -> None:
    schemas = SPECIMENS["components"]["schemas"]
    assert schemas["ChangeFilm"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["FilmOut"]


def test_the_refusals_follow_from_what_a_route_is() -> None:
    always = {"200", "400", "404", "405", "406", "500", "503"}
    assert operation("GET /films")["responses"].keys() == always | {"401", "403"}
    assert operation("GET /broken")["responses"].keys() == always
    assert operation("POST /tickets/")["responses"].keys() == always | {"413", "415", "429"}
    assert operation("POST /films")["responses"].keys() == (always - {"200"}) | {
        *("201", "401", "403", "409", "413", "415", "422")
    }


def test_a_refusal_that_many_share_is_a_reference_and_one_s_own_lists_its_codes() -> None:
    told = operation("PUT /films/{id}")["responses"]
    assert told["404"] == {"$ref": "#/components/responses/NotFound"}
    schema = told["403"]["content"]["application/json"]["schema"]
    assert schema["$ref"] == "#/components/schemas/Error"
    codes = schema["properties"]["error"]["properties"]["code"]["enum"]
    assert "TITLE_BLOCKED" in codes
    assert "FORBIDDEN" in codes


def test_a_limited_route_tells_its_headers() -> None:
    limited = operation("POST /tickets/")["responses"]
    assert "RateLimit-Remaining" in limited["200"]["headers"]
    shared = SPECIMENS["components"]["responses"]["TooManyRequests"]["headers"]
    assert {"Retry-After", "RateLimit-Reset"} <= shared.keys()
    assert "RateLimit-Remaining" not in operation("GET /films")["responses"]["200"]["headers"]


def test_what_can_be_changed_as_it_was_seen_says_its_version() -> None:
    if_match = {"$ref": "#/components/parameters/IfMatch"}
    assert if_match in operation("PUT /films/{id}")["parameters"]
    assert if_match not in operation("GET /films/{id}")["parameters"]
    assert "ETag" in operation("GET /films/{id}")["responses"]["200"]["headers"]
    assert "ETag" not in operation("GET /films")["responses"]["200"]["headers"]


def test_a_post_that_can_be_repeated_takes_a_key() -> None:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    assert key in operation("POST /films")["parameters"]
    assert key in operation("POST /notes")["parameters"]
    assert "parameters" not in operation("POST /tickets/")


def test_two_schemas_of_one_name_are_refused_by_both_their_places() -> None:
    other = create_model("FilmOut", __base__=Wire)
    with pytest.raises(WrongDeclaration, match="FilmOut shares its name"):
        openapi_document([*ROUTES, _route("GET", body=None, returns=other)], **ABOUT)


@pytest.mark.parametrize("code", Code)
def test_the_error_schema_takes_every_error_that_is_sent(code: Code) -> None:
    refusal = Refusal("Look again.", code, details=[Detail("name", "is missing")])
    for path in ("/notes", "/api/notes"):
        sent = json.loads(error_body(refusal, path, request_id="1a2b"))
        Draft202012Validator({**ERROR_SCHEMA, "additionalProperties": False}).validate(sent)


def test_the_description_explains_what_holds_for_all_routes() -> None:
    told = SPECIMENS["info"]["description"]
    for subject in ("Errors", "Versions", "Lists", "Limits", "Signing in", "Idempotency-Key"):
        assert subject in told
    assert "trailing slash" in told


def _route(method: Any, *, body: type[Wire] | None, returns: type[Wire]) -> Route:
    made = Endpoints("Odd")
    made.planned(method, "/odd", "Odd.", roles=ADMINS, body=body, returns=returns)
    return made.routes[0]
