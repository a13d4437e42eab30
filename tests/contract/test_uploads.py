"""Requests that bring a file: what is read of them, what is refused, and that nothing stays."""

import io
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from tests.support.raw import raw_connection
from tests.support.server import Answered, Server
from tests.support.uploads import form, held_open, quarantine
from tests.support.waiting import eventually

LARGEST = 64 * 1024


async def scan(
    server: Server,
    *parts: tuple[str, bytes | str],
    token: str | None = None,
    boundary: str = "x0x",
    key: str | None = None,
) -> Answered:
    body, headers = form(*parts, boundary=boundary)
    more = {} if key is None else {"Idempotency-Key": key}
    return await send(server, body, {**headers, **more}, token)


async def send(
    server: Server, body: object, headers: Mapping[str, str], token: str | None = None
) -> Answered:
    return await server.ask(
        "POST", "/notes/scans", token=token or server.sign_in(), data=body, headers=headers
    )


@asynccontextmanager
async def under_way(server: Server, token: str) -> AsyncIterator[None]:
    """An upload that has begun, and breaks off at the end of the block."""
    begun = (
        "POST /notes/scans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
        f"Authorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf of it'
    )
    async with raw_connection(server.port) as (_, writer):
        writer.write(begun.encode())
        yield


def problems(answered: Answered) -> list[tuple[str, str]]:
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")
    return [(d["field"], d["problem"]) for d in answered.body["error"]["details"]]


async def test_a_file_and_the_texts_beside_it_arrive(server: Server) -> None:
    answered = await scan(server, ("title", "Mum: "), ("file", b"buy bread"), ("stars", "3"))
    assert answered.status == 201
    assert answered.body["words"] == f"Mum: {sha256(b'buy bread').hexdigest()}"
    assert answered.body["stars"] == 3


async def test_what_a_client_library_sends_is_read_as_well(server: Server) -> None:
    content = b"\r\n--almost the end\r\n--"
    answered = await send(server, {"title": "Grüße: ", "file": io.BytesIO(content)}, {})
    assert answered.body["words"] == f"Grüße: {sha256(content).hexdigest()}"


async def test_a_file_that_is_as_large_as_can_be_arrives_whole(server: Server) -> None:
    content = bytes(random.Random(7).choices(b"\r\n-x0", k=LARGEST))
    answered = await scan(server, ("file", content))
    assert answered.body["words"] == sha256(content).hexdigest()


@pytest.mark.parametrize("told", ["with its length", "in chunks"])
async def test_a_file_that_is_larger_is_refused(server: Server, told: str) -> None:
    body, headers = form(("file", bytes(LARGEST + 1)))

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    data = io.BytesIO(body) if told == "with its length" else chunks()
    answered = await send(server, data, headers)
    assert (answered.status, answered.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "length",
    [
        "Content-Length: 100000000",  # refused for what it says
        "Transfer-Encoding: chunked",  # refused for what comes
    ],
)
async def test_the_refusal_does_not_wait_for_the_end(server: Server, length: str) -> None:
    body, headers = form(("file", bytes(LARGEST + 1)))
    head = (
        f"POST /notes/scans HTTP/1.1\r\nHost: localhost\r\n{length}\r\n"
        f"Authorization: Bearer {server.sign_in()}\r\nContent-Type: {headers['Content-Type']}\r\n"
    )
    async with raw_connection(server.port) as (reader, writer):
        writer.write(head.encode() + b"\r\n%x\r\n" % len(body) + body[: LARGEST + 200])
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")


async def test_what_comes_before_the_first_part_has_an_end_too(server: Server) -> None:
    _, headers = form()
    answered = await send(server, bytes(1024 * 1024), headers)
    assert (answered.status, answered.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([("title", "x")], ("file", "is missing")),
        ([("file", b"x"), ("colour", "red")], ("colour", "is not known here")),
        ([("file", b"x"), ("other", bytes(LARGEST))], ("other", "is not known here")),
        ([("file", b"x"), ("file", b"y")], ("file", "is there twice")),
        ([("title", "x"), ("title", "y"), ("file", b"x")], ("title", "is there twice")),
        ([("file", b"x"), ("title", "a\0b")], ("title", "holds the character NUL")),
        ([("file", b"x"), ("title", "x" * 20_000)], ("title", "is too long")),
    ],
)
async def test_a_wrong_part_is_named(
    server: Server, parts: list[tuple[str, bytes | str]], problem: tuple[str, str]
) -> None:
    assert problems(await scan(server, *parts)) == [problem]


async def test_texts_are_held_to_the_schema(server: Server) -> None:
    answered = await scan(server, ("file", b"x"), ("stars", "six"), ("title", "x" * 21))
    assert {field for field, _ in problems(answered)} == {"stars", "title"}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/mixed"]
)
async def test_a_body_of_another_kind_is_refused(server: Server, content_type: str) -> None:
    answered = await send(server, b"{}", {"Content-Type": content_type})
    assert (answered.status, answered.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"\r\n'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--bold\r\n\r\nx\r\n--b--",
        _HEAD,
        _HEAD + b"\r\nno end",
        _HEAD + b"\r\nno end\r\n--b",
        _HEAD + b"X: " + b"y" * 9000 + b"\r\n\r\nx\r\n--b--",
        _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--",
        b"--b\r\n\r\nx\r\n--b--",
        b'--b\r\nContent-Disposition: attachment; name="file"\r\n\r\nx\r\n--b--',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        b"--b\r\nContent-Disposition: form-data; name*=UTF-8''file\r\n\r\nx\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--',
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n\xff\r\n--b--',
    ],
)
async def test_a_body_that_can_t_be_read_is_refused(server: Server, body: bytes) -> None:
    answered = await send(server, body, {"Content-Type": "multipart/form-data; boundary=b"})
    assert (answered.status, answered.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 71}"])
async def test_a_body_without_a_boundary_is_refused(server: Server, boundary: str) -> None:
    answered = await send(server, b"--\r\n", {"Content-Type": f"multipart/form-data{boundary}"})
    assert (answered.status, answered.code) == (400, "BAD_REQUEST")


async def test_a_repeated_upload_makes_one_thing_whatever_stands_between_its_parts(
    server: Server,
) -> None:
    token = server.sign_in()
    parts: list[tuple[str, bytes | str]] = [("title", "x"), ("file", b"words")]
    first = await scan(server, *parts, token=token, key="k1")
    again = await scan(server, *reversed(parts), token=token, key="k1", boundary="another")
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body


@pytest.mark.parametrize(
    "parts",
    [
        [("title", "x"), ("file", b"other words")],
        [("title", "y"), ("file", b"words")],
        [("file", b"words")],
        [("file", b"x"), ("title", "words")],
    ],
)
async def test_the_same_key_with_another_part_is_a_mismatch(
    server: Server, parts: list[tuple[str, bytes | str]]
) -> None:
    token = server.sign_in()
    await scan(server, ("title", "x"), ("file", b"words"), token=token, key="k1")
    answered = await scan(server, *parts, token=token, key="k1")
    assert (answered.status, answered.code) == (422, "IDEMPOTENCY_MISMATCH")


async def test_whoever_may_not_is_refused_before_a_byte_is_kept(server: Server) -> None:
    body, headers = form(("file", b"words"))
    answered = await server.ask("POST", "/notes/scans", data=body, headers=headers)
    assert answered.status == 401
    assert not quarantine(server).exists()


async def test_nothing_of_an_upload_stays(server: Server) -> None:
    assert (await scan(server, ("file", b"words"))).status == 201
    assert (await scan(server, ("file", b"words"), ("stars", "six"))).status == 400
    assert (await scan(server, ("file", bytes(LARGEST + 1)))).status == 413
    assert list(quarantine(server).iterdir()) == []
    assert held_open(quarantine(server)) == 0


async def test_nothing_stays_of_an_upload_that_breaks_off(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with under_way(server, server.sign_in()):
        await eventually(lambda: held_open(quarantine(server)) == 1)
        assert list(quarantine(server).iterdir()) == []
    await eventually(lambda: held_open(quarantine(server)) == 0)
    assert "unhandled_error" not in caplog.text


async def test_without_a_place_for_it_an_upload_can_come_later(server: Server) -> None:
    quarantine(server).write_text("a file where a folder should be")
    answered = await scan(server, ("file", b"words"))
    assert (answered.status, answered.code) == (503, "UNAVAILABLE")
    assert b"quarantine" not in answered.raw


async def test_a_person_has_a_few_uploads_under_way_and_others_have_theirs(server: Server) -> None:
    token = server.sign_in()
    async with (
        under_way(server, token),
        under_way(server, token),
        under_way(server, token),
        under_way(server, token),
    ):
        await eventually(lambda: held_open(quarantine(server)) == 4)
        answered = await scan(server, ("file", b"x"), token=token)
        assert (answered.status, answered.code) == (429, "RATE_LIMITED")
        assert int(answered.headers["Retry-After"]) > 0
        assert (await scan(server, ("file", b"x"))).status == 201
    await eventually(lambda: held_open(quarantine(server)) == 0)
    assert (await scan(server, ("file", b"x"), token=token)).status == 201
