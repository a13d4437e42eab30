"""By which name we are called, from which pages, and over what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from tests.support.raw import raw_connection
from tests.support.server import Server, serving

FRIEND = "https://app.example"


@pytest.fixture
async def public(
    postgres: Postgres, database_with_notes: str, tmp_path: Path
) -> AsyncIterator[Server]:
    """A server behind a TLS proxy on this machine."""
    async with serving(
        postgres.application_url(database_with_notes),
        tmp_path,
        public_url="https://hearth.example",
        cors_origins=(FRIEND,),
        trusted_proxies=("127.0.0.1",),
    ) as server:
        yield server


SAFE = {"Host": "hearth.example", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("kitchen.local", True),
        ("KITCHEN.LOCAL:8080", True),
        ("evil.example", False),
        ("localhost/evil.example/", False),
        ("evil@localhost", False),
        ("localhost:x", False),
        ("localhost.evil.example", False),
        ("192.0.2.1", False),
        ("", False),
        ("[", False),
    ],
)
async def test_only_our_own_names_are_answered_to(server: Server, host: str, known: bool) -> None:
    answered = await server.ask("GET", "/features", headers={"Host": host})
    assert answered.status == (200 if known else 400)
    if not known:
        assert answered.code == "BAD_REQUEST"


async def test_health_is_told_to_whoever_asks(server: Server) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await server.ask("GET", path, headers={"Host": "10.1.2.3"})).status == 200


async def test_pages_of_a_named_origin_may_call(public: Server) -> None:
    for origin in (FRIEND, "https://hearth.example"):
        answered = await public.ask("GET", "/features", headers={**SAFE, "Origin": origin})
        assert answered.headers["Access-Control-Allow-Origin"] == origin
        assert answered.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = answered.headers["Access-Control-Expose-Headers"]
        for name in ("X-Request-ID", "ETag", "Location", "Retry-After", "RateLimit-Remaining"):
            assert name in exposed


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://hearth.example", ""])
async def test_pages_of_other_origins_may_not(public: Server, origin: str) -> None:
    answered = await public.ask("GET", "/features", headers={**SAFE, "Origin": origin})
    assert "Access-Control-Allow-Origin" not in answered.headers
    asked = {**SAFE, "Origin": origin, "Access-Control-Request-Method": "POST"}
    assert (await public.ask("OPTIONS", "/notes", headers=asked)).code == "FORBIDDEN"


async def test_a_preflight_is_kept_for_ten_minutes(public: Server) -> None:
    asked = {
        **SAFE,
        "Origin": FRIEND,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    answered = await public.ask("OPTIONS", "/admin/settings", headers=asked)
    assert answered.status == 204
    assert answered.headers["Access-Control-Max-Age"] == "600"
    assert "PUT" in answered.headers["Access-Control-Allow-Methods"]
    allowed = answered.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "idempotency-key" in allowed


async def test_errors_can_be_read_by_the_pages_that_may_call(public: Server) -> None:
    answered = await public.ask("GET", "/notes", headers={**SAFE, "Origin": FRIEND})
    assert answered.status == 401
    assert answered.headers["Access-Control-Allow-Origin"] == FRIEND


async def test_with_an_https_address_plain_requests_are_sent_there_or_refused(
    public: Server,
) -> None:
    plain = {"Host": "hearth.example"}
    answered = await public.ask("GET", "/features?x=1", headers=plain)
    assert answered.status == 308
    assert answered.headers["Location"] == "https://hearth.example/features?x=1"
    assert (await public.ask("POST", "/notes", headers=plain, json={})).code == "FORBIDDEN"
    for path in ("/healthz", "/readyz"):
        assert (await public.ask("GET", path, headers=plain)).status == 200


async def test_a_redirect_goes_to_our_own_address_whatever_was_asked_for(public: Server) -> None:
    async with raw_connection(public.port) as (reader, writer):
        writer.write(
            b"GET http://evil.example/features HTTP/1.1\r\nHost: hearth.example\r\n"
            b"Connection: close\r\n\r\n"
        )
        answer = await reader.read()
    assert b"Location: https://hearth.example/features\r\n" in answer


async def test_with_an_https_address_answers_carry_hsts(public: Server) -> None:
    answered = await public.ask("GET", "/features", headers=SAFE)
    assert answered.status == 200
    assert int(answered.headers["Strict-Transport-Security"].removeprefix("max-age=")) > 0


async def test_a_stranger_cannot_say_that_it_came_encrypted(
    postgres: Postgres, database_with_notes: str, tmp_path: Path
) -> None:
    async with serving(
        postgres.application_url(database_with_notes),
        tmp_path,
        public_url="https://hearth.example",
    ) as server:
        answered = await server.ask("GET", "/features", headers=SAFE)
    assert answered.status == 308


async def test_the_forwarded_host_never_counts(public: Server) -> None:
    headers = {**SAFE, "X-Forwarded-Host": "evil.example"}
    assert (await public.ask("GET", "/features", headers=headers)).status == 200
    headers = {**SAFE, "Host": "evil.example", "X-Forwarded-Host": "hearth.example"}
    assert (await public.ask("GET", "/features", headers=headers)).status == 400
