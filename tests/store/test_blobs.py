import asyncio
import errno
import hashlib
import os
import re
import shutil
import socket
import tracemalloc
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.blobs import (
    LEFT_BEHIND_AFTER,
    PIECE_BYTES,
    Blob,
    Blobs,
    NoSuchBlob,
    TooLarge,
    WrongKey,
    WrongStorage,
    new_key,
)
from store.blobs.folder import FolderBlobs
from store.blobs.s3 import PART_BYTES, Bucket, S3Blobs
from store.outage import Outage
from tests.support.s3 import (
    SECRET,
    bucket,
    bucket_at,
    endpoint_that_answers,
    endpoint_that_is_silent,
    kept_in,
    s3_endpoint,
    signature_of,
)

__all__ = ["bucket", "s3_endpoint"]

MIB = 1024 * 1024
# As long as no machine takes, however busy.
SOON = 20.0


@dataclass
class House:
    """Blobs under test, and the way to look at all that lies there."""

    blobs: Blobs
    kept: Callable[[], Awaitable[list[str]]]


@pytest.fixture(params=["folder", "s3"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    if request.param == "folder":
        async with FolderBlobs(tmp_path / "blobs") as in_folder:
            yield House(in_folder, lambda: files_below(tmp_path))
    else:
        bucket: Bucket = request.getfixturevalue("bucket")
        async with S3Blobs(bucket) as in_bucket:
            yield House(in_bucket, lambda: kept_in(bucket))


@pytest.fixture
def blobs(house: House) -> Blobs:
    return house.blobs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
async def folder(root: Path) -> AsyncIterator[FolderBlobs]:
    async with FolderBlobs(root) as blobs:
        yield blobs


@pytest.fixture
async def s3(bucket: Bucket) -> AsyncIterator[S3Blobs]:
    async with S3Blobs(bucket) as blobs:
        yield blobs


async def files_below(folder: Path) -> list[str]:
    return [path.name for path in below(folder) if path.is_file()]


def below(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def write(blobs: Blobs, *chunks: bytes, limit: int = 64 * MIB) -> Blob:
    return await blobs.write(stream(*chunks), content_type="image/png", limit=limit)


async def read(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, start, end)])


async def test_what_was_written_is_read(blobs: Blobs) -> None:
    blob = await write(blobs, b"hello ", b"", b"family")
    assert blob.bytes == (await blobs.stat(blob.key)).bytes == 12
    assert blob.sha256 == hashlib.sha256(b"hello family").hexdigest()
    assert await read(blobs, blob.key) == b"hello family"


async def test_an_empty_blob_is_one_too(blobs: Blobs) -> None:
    blob = await write(blobs)
    assert blob.bytes == (await blobs.stat(blob.key)).bytes == 0
    assert await read(blobs, blob.key) == b""
    assert await read(blobs, blob.key, 0, 10) == b""


async def test_names_say_nothing_and_never_repeat(blobs: Blobs) -> None:
    keys = {(await write(blobs, b"the same")).key for _ in range(5)}
    assert len(keys) == 5
    assert all(re.fullmatch("[0-9a-f]{48}", key) for key in keys)


@pytest.mark.parametrize(
    "chunks",
    [[bytes(PART_BYTES)], [bytes(PART_BYTES), b"x"], [b"y" * 700_001] * 24],
    ids=["one part", "a part and a byte", "chunks that fit into nothing"],
)
async def test_a_long_stream_is_kept_whole(house: House, chunks: list[bytes]) -> None:
    blob = await write(house.blobs, *chunks)
    digest = hashlib.sha256(b"".join(chunks))
    assert blob.bytes == sum(map(len, chunks))
    assert blob.sha256 == digest.hexdigest()
    assert hashlib.sha256(await read(house.blobs, blob.key)).digest() == digest.digest()
    assert len(await house.kept()) == 1


async def test_many_are_written_and_read_at_once(blobs: Blobs) -> None:
    contents = [bytes([number]) * (number * 10_000) for number in range(20)]
    written = await asyncio.gather(*(write(blobs, content) for content in contents))
    found = await asyncio.gather(*(read(blobs, blob.key) for blob in written))
    assert found == contents


@dataclass
class Written:
    blobs: Blobs
    key: str
    content: bytes


@pytest.fixture
async def written(blobs: Blobs) -> Written:
    content = os.urandom(2 * PIECE_BYTES + 1000)
    return Written(blobs, (await write(blobs, content)).key, content)


EDGES = [
    n * PIECE_BYTES + off for n in range(4) for off in (-1, 0, 1) if n * PIECE_BYTES + off >= 0
]
OFFSETS = st.sampled_from(EDGES) | st.integers(0, 3 * PIECE_BYTES)


@given(ends=st.tuples(OFFSETS, OFFSETS).map(sorted), to_the_end=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_range_is_that_slice(written: Written, ends: list[int], to_the_end: bool) -> None:
    start, end = ends[0], None if to_the_end else ends[1]
    assert await read(written.blobs, written.key, start, end) == written.content[start:end]


async def test_what_is_no_range_is_refused(blobs: Blobs) -> None:
    blob = await write(blobs, b"hello")
    for start, end in ((-1, None), (5, 4), (0, -1)):
        with pytest.raises(ValueError, match="range"):
            await read(blobs, blob.key, start, end)


async def test_a_reader_may_stop_early(written: Written) -> None:
    async with aclosing(written.blobs.read(written.key)) as reading:
        async for piece in reading:
            assert written.content.startswith(piece)
            break
    assert await read(written.blobs, written.key) == written.content


@pytest.mark.parametrize("size", [10, PART_BYTES + 10])
async def test_what_is_as_large_as_it_may_be_is_kept(blobs: Blobs, size: int) -> None:
    assert (await write(blobs, bytes(size), limit=size)).bytes == size


@pytest.mark.parametrize("limit", [9, PART_BYTES + 9, 2 * PART_BYTES])
async def test_what_is_too_large_is_refused_while_it_comes_and_leaves_nothing(
    house: House, limit: int
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield bytes(10_000)

    with pytest.raises(TooLarge) as refused:
        await house.blobs.write(endless(), content_type="video/mp4", limit=limit)
    assert refused.value.limit == limit
    assert sent <= limit + 10_000
    assert await house.kept() == []


@pytest.mark.parametrize("size", [10, PIECE_BYTES + 10, 2 * PART_BYTES + 10])
async def test_a_stream_that_breaks_off_leaves_nothing(house: House, size: int) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for start in range(0, size, MIB):
            yield bytes(min(MIB, size - start))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await house.blobs.write(broken(), content_type="image/png", limit=64 * MIB)
    assert await house.kept() == []


@pytest.mark.parametrize("size", [10, 2 * PART_BYTES + 10])
async def test_a_cancelled_write_leaves_nothing(house: House, size: int) -> None:
    stands_still = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        for start in range(0, size, MIB):
            yield bytes(min(MIB, size - start))
        stands_still.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(
        house.blobs.write(slow(), content_type="image/png", limit=64 * MIB)
    )
    await stands_still.wait()
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert writing.cancelled()
    assert await house.kept() == []


async def test_a_write_cancelled_at_any_point_leaves_nothing(house: House) -> None:
    chunks = [bytes(PART_BYTES), b"the rest"]
    for turns in range(0, 60, 3):
        writing = asyncio.create_task(write(house.blobs, *chunks))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await house.blobs.delete((await writing).key)
    assert await house.kept() == []


async def test_what_is_not_there_says_so(blobs: Blobs) -> None:
    key = new_key()
    for start, end in ((0, None), (5, None), (3, 9), (4, 4)):
        with pytest.raises(NoSuchBlob):
            await read(blobs, key, start, end)
    with pytest.raises(NoSuchBlob):
        await blobs.stat(key)
    with pytest.raises(NoSuchBlob):
        await blobs.move(key)


async def test_a_deleted_blob_is_gone_and_can_be_deleted_again(house: House) -> None:
    blob = await write(house.blobs, b"hello")
    await house.blobs.delete(blob.key)
    with pytest.raises(NoSuchBlob):
        await house.blobs.stat(blob.key)
    assert await house.kept() == []
    await house.blobs.delete(blob.key)


async def test_a_moved_blob_is_found_under_its_new_key_only(house: House) -> None:
    blob = await write(house.blobs, b"hello")
    key = await house.blobs.move(blob.key)
    assert key != blob.key
    assert await read(house.blobs, key) == b"hello"
    with pytest.raises(NoSuchBlob):
        await house.blobs.stat(blob.key)
    assert len(await house.kept()) == 1


NO_KEYS = [
    *("", ".", "../" * 16, "/etc/passwd", "A" * 48, "a" * 47, "a" * 49, "é" * 48, "%2e" * 16),
    *(f"../{'a' * 48}", f"{'a' * 47}/", f"{'a' * 47}\0", f"{'a' * 48}\n"),
]


async def test_nothing_but_a_key_reaches_the_storage(house: House) -> None:
    blobs = house.blobs
    for use in (blobs.stat, blobs.delete, blobs.move, lambda key: read(blobs, key)):
        for text in NO_KEYS:
            with pytest.raises(WrongKey):
                await use(text)
    with pytest.raises(WrongKey):
        await blobs.signed_url("../secret", 30)
    assert await house.kept() == []


async def test_a_check_leaves_nothing(house: House) -> None:
    await house.blobs.check()
    assert await house.kept() == []


# Folder


async def test_files_are_for_the_servers_account_only(folder: FolderBlobs, root: Path) -> None:
    umask = os.umask(0)
    try:
        await folder.move((await write(folder, b"hello")).key)
    finally:
        os.umask(umask)
    for path in (root, *below(root)):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


async def test_a_folder_has_no_urls(folder: FolderBlobs) -> None:
    assert await folder.signed_url((await write(folder, b"hello")).key, 30) is None


async def test_a_long_stream_takes_little_memory(folder: FolderBlobs) -> None:
    tracemalloc.start()
    blob = await write(folder, *([bytes(100_000)] * 400))
    async for piece in folder.read(blob.key):
        assert len(piece) <= PIECE_BYTES
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert blob.bytes == 40_000_000
    assert peak < 8 * MIB


async def test_nothing_shows_before_it_is_whole(folder: FolderBlobs, root: Path) -> None:
    half_way, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(2 * PIECE_BYTES)
        half_way.set()
        await go_on.wait()

    writing = asyncio.create_task(folder.write(slow(), content_type="image/png", limit=MIB))
    await half_way.wait()
    (draft,) = [path for path in below(root) if path.is_file()]
    assert draft.parent.name == "incoming"
    with pytest.raises(NoSuchBlob):
        await folder.stat(draft.name)
    go_on.set()
    blob = await writing
    assert (await folder.stat(blob.key)).bytes == 2 * PIECE_BYTES


async def test_what_a_crash_left_behind_is_swept_when_it_is_old(
    folder: FolderBlobs, root: Path
) -> None:
    now = datetime.now(UTC)
    kept = await write(folder, b"hello")
    old, young = (root / "incoming" / new_key() for _ in range(2))
    for path, age in ((old, LEFT_BEHIND_AFTER + timedelta(hours=1)), (young, timedelta(hours=1))):
        path.write_bytes(b"half of a photo")
        os.utime(path, times=((now - age).timestamp(),) * 2)
    assert await folder.sweep(now) == 1
    assert not old.exists()
    assert young.exists()
    assert await folder.sweep(now) == 0
    assert await read(folder, kept.key) == b"hello"


async def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WrongStorage, match="HEARTH_DATA_DIR"):
        async with FolderBlobs(tmp_path / "file" / "blobs"):
            pytest.fail("opened")


async def test_a_folder_that_goes_away_is_noticed(folder: FolderBlobs, root: Path) -> None:
    shutil.rmtree(root)
    with pytest.raises(WrongStorage, match="No such file"):
        await folder.check()


async def test_a_full_disk_is_an_outage_and_leaves_nothing(
    folder: FolderBlobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Outage, match="Make room"):
        await write(folder, b"hello")
    assert await files_below(root) == []


# S3


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
