"""An S3 endpoint for the tests, with a bucket for each that asks, and worse endpoints than that."""

import asyncio
import hashlib
import hmac
import itertools
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from moto.server import ThreadedMotoServer

from store.blobs.s3 import Bucket

SECRET = "not-so-secret"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def bucket_at(endpoint: str, name: str = "nowhere") -> Bucket:
    return Bucket(name=name, access_key="AKIDTESTS", secret_key=SECRET, endpoint=endpoint)


@pytest.fixture
def bucket(s3_endpoint: str) -> Bucket:
    """Empty, and nobody else's."""
    bucket = bucket_at(s3_endpoint, f"family-{next(_numbers)}")
    making = urllib.request.Request(f"{s3_endpoint}/{bucket.name}", method="PUT")
    with urllib.request.urlopen(making):
        return bucket


async def kept_in(bucket: Bucket) -> list[str]:
    """All that lies in a bucket, uploads that never ended included."""

    def ask(query: str) -> str:
        with urllib.request.urlopen(f"{bucket.endpoint}/{bucket.name}?{query}") as answer:
            listing: bytes = answer.read()
            return listing.decode()

    listings = [await asyncio.to_thread(ask, query) for query in ("list-type=2", "uploads")]
    return re.findall("<Key>(.+?)</Key>", "".join(listings))


@asynccontextmanager
async def endpoint_that_answers(
    status: str, body: str = "", length: int | None = None
) -> AsyncIterator[str]:
    """Says the same to everybody; with `length` it promises more than it sends."""
    answer = (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if sent := re.search(rb"content-length: (\d+)", head.lower()):
            await reader.readexactly(int(sent[1]))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


@asynccontextmanager
async def endpoint_that_is_silent() -> AsyncIterator[str]:
    """Takes every connection and never says a word."""
    held: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(
        lambda _, writer: held.append(writer), "127.0.0.1", 0
    ) as server:
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            for writer in held:
                writer.close()


def signature_of(url: str, bucket: Bucket) -> str:
    """The signature that a signed URL must carry, worked out from Amazon's description of it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    scope = query["X-Amz-Credential"].removeprefix(f"{bucket.access_key}/")
    signed = sorted((name, value) for name, value in query.items() if name != "X-Amz-Signature")
    request = "\n".join(
        [
            "GET",
            quote(parts.path, safe="/~"),
            urlencode(signed, quote_via=quote, safe="~"),
            f"host:{parts.netloc}",
            "",
            "host",
            "UNSIGNED-PAYLOAD",
        ]
    )
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{bucket.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, digest])
    return hmac.digest(key, text.encode(), "sha256").hex()
