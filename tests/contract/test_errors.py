"""Whatever goes wrong, the answer has one shape, and gives nothing away."""

import io
import json
from typing import Any

import pytest

from api.access import Role
from api.errors import Code
from tests.support.raw import raw_connection
from tests.support.server import Answered, Server


def has_the_shape(answered: Answered, code: Code) -> bool:
    error = answered.body["error"]
    assert answered.status == code.status
    assert error["code"] == code
    assert error["message"]
    assert answered.headers["X-Request-ID"]
    assert answered.headers["Content-Type"] == "application/json"
    return True


async def test_an_unknown_path(server: Server) -> None:
    assert has_the_shape(await server.ask("GET", "/no/such/thing"), Code.NOT_FOUND)


async def test_another_method_lists_those_that_are_served(server: Server) -> None:
    answered = await server.ask("DELETE", "/notes")
    assert has_the_shape(answered, Code.METHOD_NOT_ALLOWED)
    assert set(answered.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_no_token(server: Server) -> None:
    answered = await server.ask("GET", "/notes")
    assert has_the_shape(answered, Code.UNAUTHENTICATED)
    assert answered.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic eDp5", "Bearer", "Bearer  "])
async def test_a_token_that_opens_nothing(server: Server, authorization: str) -> None:
    answered = await server.ask("GET", "/notes", headers={"Authorization": authorization})
    assert has_the_shape(answered, Code.UNAUTHENTICATED)


async def test_letters_that_no_token_has(server: Server) -> None:
    async with raw_connection(server.port) as (reader, writer):
        writer.write(
            b"GET /notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Authorization: Bearer \xff\xfe\r\n\r\n"
        )
        assert (await reader.read()).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/features", "/notes", "/no/such/thing", "/ws/notes"])
async def test_an_expectation_that_nobody_can_meet(server: Server, path: str) -> None:
    answered = await server.ask("GET", path, headers={"Expect": "a miracle"})
    assert has_the_shape(answered, Code.BAD_REQUEST)


async def test_a_role_that_may_not(server: Server) -> None:
    answered = await server.ask("GET", "/admin/settings", token=server.sign_in(Role.PARENT))
    assert has_the_shape(answered, Code.FORBIDDEN)


async def test_a_body_that_is_no_json(server: Server) -> None:
    answered = await server.ask(
        "POST",
        "/notes",
        token=server.sign_in(),
        data=b"{nonsense",
        headers={"Content-Type": "application/json"},
    )
    assert has_the_shape(answered, Code.VALIDATION_FAILED)


async def test_a_body_of_another_kind(server: Server) -> None:
    answered = await server.ask("POST", "/notes", token=server.sign_in(), data={"words": "x"})
    assert has_the_shape(answered, Code.UNSUPPORTED_MEDIA_TYPE)


async def test_a_compressed_body(server: Server) -> None:
    answered = await server.ask(
        "POST", "/notes", token=server.sign_in(), json={"words": "x"}, compress="deflate"
    )
    assert has_the_shape(answered, Code.UNSUPPORTED_MEDIA_TYPE)


@pytest.mark.parametrize("told", ["with its length", "in chunks"])
async def test_a_body_over_a_mebibyte(server: Server, told: str) -> None:
    body = json.dumps({"words": "x" * 1024 * 1024}).encode()

    async def chunks() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    answered = await server.ask(
        "POST",
        "/notes",
        token=server.sign_in(),
        data=io.BytesIO(body) if told == "with its length" else chunks(),
        headers={"Content-Type": "application/json"},
    )
    assert has_the_shape(answered, Code.PAYLOAD_TOO_LARGE)


async def test_a_bug_tells_nothing_but_where_to_look(server: Server) -> None:
    answered = await server.ask("GET", "/broken")
    assert has_the_shape(answered, Code.INTERNAL)
    assert answered.body["error"]["request_id"] == answered.headers["X-Request-ID"]
    assert b"SELECT" not in answered.raw
    assert b"passwd" not in answered.raw
    assert b"Traceback" not in answered.raw


async def test_the_older_families_also_say_detail(server: Server) -> None:
    for path in (
        "/api/no/such",
        "/register",
        "/token",
        "/refresh",
        "/logout",
        "/users/x",
        "/rooms",
    ):
        answered = await server.ask("GET", path)
        assert answered.body["detail"] == answered.body["error"]["message"], path
    for path in ("/notes", "/apiary", "/tokens", "/roomservice"):
        assert "detail" not in (await server.ask("PUT", path)).body, path


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_not_even_http(server: Server, request_bytes: bytes) -> None:
    async with raw_connection(server.port) as (reader, writer):
        writer.write(request_bytes)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"X-Request-ID" in head
    assert json.loads(body)["error"]["code"] == Code.BAD_REQUEST


async def test_a_request_id_that_is_sane_comes_back_and_another_does_not(server: Server) -> None:
    sane = await server.ask("GET", "/features", headers={"X-Request-ID": "my-id.7"})
    assert sane.headers["X-Request-ID"] == "my-id.7"
    for odd in ("x" * 500, "a b", "<script>", ""):
        answered = await server.ask("GET", "/features", headers={"X-Request-ID": odd})
        assert answered.headers["X-Request-ID"] not in {odd, ""}
