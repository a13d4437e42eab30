"""Where the server listens, and how long it waits for TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from api import site
from api.connection import Runner
from api.site import Site
from api.tls import CertificateAuthority
from tests.support.raw import raw_connection


@asynccontextmanager
async def listening(host: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    runner = Runner(web.Application())
    await runner.setup()
    made = Site(runner, host, 0, tls)
    try:
        await made.start()
        yield made.port
    finally:
        await runner.cleanup()


async def families(port: int) -> set[socket.AddressFamily]:
    """Those by which somebody on this machine gets through."""
    found = set()
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with suppress(ConnectionRefusedError):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
            await writer.wait_closed()
            found.add(family)
    return found


@pytest.mark.parametrize("host", ["", "::"])
async def test_every_address_is_of_both_families(host: str) -> None:
    async with listening(host) as port:
        assert await families(port) == {socket.AF_INET, socket.AF_INET6}


@pytest.mark.parametrize(
    ("host", "family"), [("0.0.0.0", socket.AF_INET), ("::1", socket.AF_INET6)]
)
async def test_an_address_that_was_named_is_the_only_one(
    host: str, family: socket.AddressFamily
) -> None:
    async with listening(host) as port:
        assert await families(port) == {family}


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    now = datetime.now(UTC)
    certificate = CertificateAuthority.make("kitchen", ("localhost",), now).issue(
        ("localhost",), now
    )
    (tmp_path / "server.pem").write_bytes(certificate.pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    return context


@pytest.mark.parametrize("first_words", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_handshake_that_does_not_come_to_its_end_is_cut_off(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, first_words: bytes
) -> None:
    monkeypatch.setattr(site, "HANDSHAKE_SECONDS", 0.1)
    async with (
        listening("127.0.0.1", tls) as port,
        raw_connection(port) as (reader, writer),
        asyncio.timeout(20),
    ):
        writer.write(first_words)
        assert await reader.read() == b""
