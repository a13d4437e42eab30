import asyncio
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from store.blobs import (
    LEFT_BEHIND_AFTER,
    WrongStorage,
    new_key,
)
from store.blobs.s3 import Bucket, S3Blobs
from store.outage import Outage
from tests.support.blobs import MIB, read, write
from tests.support.s3 import (
    SECRET,
    bucket_at,
    endpoint_that_answers,
    endpoint_that_is_silent,
    kept_in,
    signature_of,
)

# As long as no machine takes, however busy.
SOON = 20.0


@pytest.fixture
async def s3(bucket: Bucket) -> AsyncIterator[S3Blobs]:
    async with S3Blobs(bucket) as blobs:
        yield blobs


async def test_a_signed_url_opens_one_blob_for_a_while(s3: S3Blobs, bucket: Bucket) -> None:
    blob = await write(s3, b"hello")
    url = await s3.signed_url(blob.key, 30, disposition='inline; filename="a b.png"')
    assert url is not None
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["30"]
    signed_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
    assert abs(datetime.now(UTC) - signed_at) < timedelta(minutes=1)
    with await asyncio.to_thread(urllib.request.urlopen, url) as answer:
        assert answer.read() == b"hello"
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"] == 'inline; filename="a b.png"'
        assert answer.headers["Cache-Control"] == "private, max-age=30"


async def test_the_signature_covers_the_whole_url(s3: S3Blobs, bucket: Bucket) -> None:
    blob = await write(s3, b"hello")
    url = await s3.signed_url(blob.key, 30)
    assert url is not None
    (signature,) = parse_qs(urlsplit(url).query)["X-Amz-Signature"]
    assert signature_of(url, bucket) == signature
    for changed in (
        url.replace(blob.key, new_key()),
        url.replace("X-Amz-Expires=30", "X-Amz-Expires=9000"),
        url.replace("=attachment", "=inline"),
    ):
        assert changed != url
        assert signature_of(changed, bucket) != signature
    assert SECRET not in url


async def test_a_signed_url_dies_when_its_blob_moves(s3: S3Blobs) -> None:
    blob = await write(s3, b"hello")
    url = await s3.signed_url(blob.key, 30)
    assert url is not None
    await s3.move(blob.key)
    with pytest.raises(urllib.error.HTTPError) as gone:
        await asyncio.to_thread(urllib.request.urlopen, url)
    with gone.value as answer:
        # Which of them, depends on whether the key that signed may list the bucket.
        assert answer.status in {403, 404}


async def test_uploads_that_never_ended_are_swept(s3: S3Blobs, bucket: Bucket) -> None:
    await s3.ask("create_multipart_upload", Key=f"blobs/{new_key()}")
    await s3.ask("create_multipart_upload", Key="somebody-elses")
    # The test's endpoint dates every upload to this day.
    begun = datetime(2010, 11, 10, 20, 48, 33, tzinfo=UTC)
    assert await s3.sweep(begun + LEFT_BEHIND_AFTER) == 0
    assert await s3.sweep(begun + LEFT_BEHIND_AFTER + timedelta(seconds=1)) == 1
    assert await kept_in(bucket) == ["somebody-elses"]


async def use_each_way(blobs: S3Blobs) -> AsyncIterator[Outage | None]:
    """What each call comes to."""
    key = new_key()
    for use in (
        write(blobs, b"hello"),
        read(blobs, key),
        blobs.stat(key),
        blobs.delete(key),
        blobs.move(key),
        blobs.sweep(datetime.now(UTC)),
        blobs.check(),
    ):
        try:
            await use
        except Outage as error:
            yield error
        else:
            yield None


async def test_an_endpoint_that_is_down_is_an_outage_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with S3Blobs(bucket_at(f"http://127.0.0.1:{port}")) as s3, asyncio.timeout(SOON):
        async for error in use_each_way(s3):
            assert type(error) is Outage
            assert "HEARTH_S3_ENDPOINT" in str(error)


async def test_an_endpoint_that_never_answers_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("store.blobs.s3._READ_SECONDS", 0.1)
    async with (
        endpoint_that_is_silent() as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
        asyncio.timeout(SOON),
    ):
        async for error in use_each_way(s3):
            assert type(error) is Outage


async def test_an_endpoint_that_stops_reading_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("store.blobs.s3._CALL_SECONDS", 0.5)
    async with (
        endpoint_that_is_silent() as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
        asyncio.timeout(SOON),
    ):
        with pytest.raises(Outage):
            await s3.ask("put_object", Key="blobs/large", Body=bytes(64 * MIB))


async def test_an_answer_that_breaks_off_is_an_outage() -> None:
    async with (
        endpoint_that_answers("200 OK", "half of a photo", length=1000) as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
    ):
        with pytest.raises(Outage):
            await read(s3, new_key())


async def test_a_bucket_that_is_missing_is_named(s3_endpoint: str) -> None:
    async with S3Blobs(bucket_at(s3_endpoint, "no-such-bucket")) as s3:
        with pytest.raises(WrongStorage, match=r"no-such-bucket.*HEARTH_S3_BUCKET"):
            await s3.check()


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        ("403 Forbidden", "InvalidAccessKeyId", "HEARTH_S3_ACCESS_KEY"),
        ("403 Forbidden", "SignatureDoesNotMatch", "HEARTH_S3_SECRET_KEY"),
        ("403 Forbidden", "AccessDenied", "allow that key"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", "HEARTH_S3_REGION"),
        ("403 Forbidden", "RequestTimeTooSkewed", "clock"),
    ],
)
async def test_a_storage_that_refuses_us_says_what_to_correct(
    status: str, code: str, advice: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    async with (
        endpoint_that_answers(status, body) as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
    ):
        with pytest.raises(WrongStorage, match=advice) as refused:
            await s3.check()
    assert code in str(refused.value)
    assert SECRET not in str(refused.value)


async def test_a_storage_in_trouble_is_an_outage() -> None:
    body = "<Error><Code>SlowDown</Code><Message>no</Message></Error>"
    async with (
        endpoint_that_answers("503 Slow Down", body) as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
        asyncio.timeout(SOON),
    ):
        with pytest.raises(Outage, match="SlowDown") as trouble:
            await s3.check()
    assert type(trouble.value) is Outage


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
async def test_what_is_no_s3_at_all_is_told(status: str) -> None:
    async with (
        endpoint_that_answers(status, "<html><p>A login page<br></html>") as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
        asyncio.timeout(SOON),
    ):
        with pytest.raises(WrongStorage, match="does not speak S3"):
            await s3.check()


async def test_a_storage_that_tells_of_what_is_deleted_already_is_as_good() -> None:
    body = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"
    async with (
        endpoint_that_answers("404 Not Found", body) as endpoint,
        S3Blobs(bucket_at(endpoint)) as s3,
    ):
        await s3.delete(new_key())


@pytest.mark.parametrize(
    ("bucket", "advice"),
    [
        (bucket_at("storage.example"), "HEARTH_S3_ENDPOINT"),
        (replace(bucket_at("http://127.0.0.1:9"), region="no region"), "HEARTH_S3_REGION"),
        (bucket_at("http://127.0.0.1:9", "no bucket/at all"), "HEARTH_S3_BUCKET"),
    ],
)
async def test_what_can_be_no_bucket_is_refused(bucket: Bucket, advice: str) -> None:
    with pytest.raises(WrongStorage, match=advice):
        async with S3Blobs(bucket) as s3:
            await s3.check()


async def test_what_other_programs_are_told_about_amazon_is_not_meant_for_us(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("this is no configuration")
    async with S3Blobs(bucket) as s3:
        await s3.check()


def test_nothing_shows_the_keys_of_a_bucket() -> None:
    bucket = bucket_at("https://user:hush@storage.example")
    for shown in (repr(S3Blobs(bucket)), str(bucket)):
        assert "storage.example" in shown
        assert "hush" not in shown
    for shown in (repr(bucket), str(bucket)):
        assert SECRET not in shown
        assert "AKIDTESTS" not in shown
