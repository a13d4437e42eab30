"""What is read of a request: versions, paths, bodies, queries, ids."""

from typing import Any

import pytest

from api.access import Role
from tests.support.server import Server

VENDOR = "application/vnd.app.v1+json"


async def written(server: Server, words: str = "Buy bread") -> dict[str, Any]:
    answered = await server.ask("POST", "/notes", token=server.sign_in(), json={"words": words})
    assert answered.status == 201
    note: dict[str, Any] = answered.body
    return note


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        (VENDOR, VENDOR),
        ("APPLICATION/VND.APP.V1+JSON", VENDOR),
        (f"text/html, {VENDOR};q=0.9", VENDOR),
        (f"application/vnd.app.v2+json, {VENDOR}", VENDOR),
        ("application/vnd.app.v2+json, application/json;q=0.5", "application/json"),
        (f"{VENDOR};q=0.5, application/json;q=0.9", "application/json"),
        (f"application/json;q=0.5, {VENDOR};q=0.9", VENDOR),
        (f"{VENDOR}, application/json", VENDOR),
        (f"application/json, {VENDOR}", "application/json"),
        (f"*/*, {VENDOR}", VENDOR),
        ("application/json;q=0, */*;q=0.1", VENDOR),
        (f"application/json; q=0.000, {VENDOR}", VENDOR),
        (f"{VENDOR};q=0, application/*", "application/json"),
        (f"{VENDOR};q=0", "application/json"),
        ("application/vnd.app.v2+json;q=0", "application/json"),
        # What else it takes, a route may have.
        ("text/csv, */*;q=0", "application/json"),
        ("application/json;q=much", "application/json"),
        ("application/json;charset=utf-8;q=0.3", "application/json"),
        ("text/html", "application/json"),
        ("", "application/json"),
        (",;,", "application/json"),
    ],
)
async def test_the_version_is_chosen_by_accept(
    server: Server, accept: str | None, content_type: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answered = await server.ask("GET", "/features", headers=headers)
    assert answered.status == 200
    assert answered.headers["Content-Type"] == content_type
    assert answered.body["api_versions"] == ["v1"]


@pytest.mark.parametrize("path", ["/features", "/notes", "/no/such/thing"])
async def test_another_version_is_refused_with_the_list_of_those_served(
    server: Server, path: str
) -> None:
    answered = await server.ask("GET", path, headers={"Accept": "application/vnd.app.v2+json"})
    assert answered.status == 406
    assert answered.code == "NOT_ACCEPTABLE"
    assert "v1" in answered.body["error"]["message"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.app.v1.2+json",
        "application/vnd.app.v2-beta+json",
        "application/vnd.app.1+json",
        "text/html, application/vnd.app.v2+json;q=0.1",
        "application/json;q=0",
        "*/*;q=0",
        f"application/json;q=0, {VENDOR};q=0",
    ],
)
async def test_what_is_not_served_is_not_taken_for_what_is(server: Server, accept: str) -> None:
    answered = await server.ask("GET", "/features", headers={"Accept": accept})
    assert (answered.status, answered.code) == (406, "NOT_ACCEPTABLE")


async def test_errors_come_in_the_version_that_was_asked_for(server: Server) -> None:
    answered = await server.ask("GET", "/notes", headers={"Accept": VENDOR})
    assert (answered.status, answered.headers["Content-Type"]) == (401, VENDOR)


async def test_a_body_may_say_the_vendor_type(server: Server) -> None:
    answered = await server.ask(
        "POST",
        "/notes",
        token=server.sign_in(),
        data=b'{"words": "x"}',
        headers={"Content-Type": VENDOR},
    )
    assert answered.status == 201


async def test_a_trailing_slash_makes_no_difference_and_no_redirect(server: Server) -> None:
    token = server.sign_in()
    for path in ("/notes", "/notes/"):
        answered = await server.ask("POST", path, token=token, json={"words": "x"})
        assert answered.status == 201
        assert (await server.ask("GET", path, token=token)).status == 200
    for path in ("/features/", "/admin/settings/", "/openapi.json/"):
        assert (await server.ask("GET", path)).status in {200, 401}


async def test_what_get_serves_head_serves_without_a_body(server: Server) -> None:
    answered = await server.ask("HEAD", "/features")
    assert (answered.status, answered.raw) == (200, b"")


async def test_a_flag_that_is_off_hides_its_routes(server: Server) -> None:
    assert (await server.ask("GET", "/flagged")).code == "NOT_FOUND"
    admin = server.sign_in(Role.ADMIN)
    change = {"settings": {"feature.billing": True}}
    assert (await server.ask("PUT", "/admin/settings", token=admin, json=change)).status == 200
    assert (await server.ask("GET", "/flagged")).status == 204
    change = {"settings": {"feature.billing": False}}
    await server.ask("PUT", "/admin/settings", token=admin, json=change)
    assert (await server.ask("GET", "/flagged")).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"words": "x", "colour": "red"}, "colour"),
        ({}, "words"),
        ({"words": ""}, "words"),
        ({"words": "x" * 201}, "words"),
        ({"words": 7}, "words"),
        ({"words": None}, "words"),
        ({"words": ["x"]}, "words"),
        ({"words": "x", "stars": "3"}, "stars"),
        ({"words": "x", "stars": True}, "stars"),
        ({"words": "x", "stars": 6}, "stars"),
        ({"words": "x", "stars": 1e400}, "stars"),
        ({"words": "x", "due": "tomorrow"}, "due"),
    ],
)
async def test_a_wrong_field_is_named(server: Server, body: dict[str, Any], field: str) -> None:
    answered = await server.ask("POST", "/notes", token=server.sign_in(), json=body)
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")
    details = answered.body["error"]["details"]
    assert [detail["field"] for detail in details] == [field]
    assert details[0]["problem"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b'"text"',
        b"null",
        b"7",
        b'{"words": "a\\u0000b"}',
        b'{"words": "\\ud800"}',
        b'{"words": "\xff"}',
        b"{" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"words": NaN}',
    ],
)
async def test_what_is_no_object_or_no_text_is_refused(server: Server, raw: bytes) -> None:
    answered = await server.ask(
        "POST",
        "/notes",
        token=server.sign_in(),
        data=raw,
        headers={"Content-Type": "application/json"},
    )
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")


async def test_what_was_sent_is_not_echoed(server: Server) -> None:
    body = {"words": "x", "passwort": "hunter2-hunter2", "stars": "hunter2-hunter2"}
    answered = await server.ask("POST", "/notes", token=server.sign_in(), json=body)
    assert answered.status == 400
    assert b"hunter2" not in answered.raw


async def test_what_was_got_can_be_changed_and_put_back(server: Server) -> None:
    note = await written(server)
    admin = server.sign_in(Role.ADMIN)
    path = f"/notes/{note['id']}"
    answered = await server.ask("PATCH", path, token=admin, json={**note, "words": "Buy milk"})
    assert answered.status == 200
    assert answered.body == {**note, "words": "Buy milk"}
    answered = await server.ask("PATCH", path, token=admin, json={**note, "colour": "red"})
    assert [detail["field"] for detail in answered.body["error"]["details"]] == ["colour"]


async def test_times_are_utc_with_milliseconds(server: Server) -> None:
    created_at = (await written(server))["created_at"]
    assert len(created_at) == len("2026-03-01T12:00:00.000Z")
    assert created_at.endswith("Z")


@pytest.mark.parametrize(
    "note_id",
    [
        "n_01jn8xv3k0e5qr7s9tbcdfghj2",
        "u_01jn8xv3k0e5qr7s9tbcdfghj2",
        "n_",
        "x",
        "7",
        "%00",
        "n_%00",
        "%F0%9F%A6%8A",
        "..%2F..%2Fetc%2Fpasswd",
        "n_" + "z" * 26,
        "n_" + "0" * 5000,
        "'%20OR%201=1--",
    ],
)
async def test_an_id_that_names_nothing_is_not_found(server: Server, note_id: str) -> None:
    answered = await server.ask("GET", f"/notes/{note_id}", token=server.sign_in())
    assert (answered.status, answered.code) == (404, "NOT_FOUND")


async def test_no_content_has_no_body(server: Server) -> None:
    note = await written(server)
    answered = await server.ask("DELETE", f"/notes/{note['id']}", token=server.sign_in(Role.ADMIN))
    assert (answered.status, answered.raw) == (204, b"")


async def test_unknown_query_parameters_are_let_be(server: Server) -> None:
    answered = await server.ask("GET", "/notes?utm_source=mail", token=server.sign_in())
    assert answered.status == 200
