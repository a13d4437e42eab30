import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.blobs import (
    PIECE_BYTES,
    Blobs,
    NoSuchBlob,
    TooLarge,
    WrongKey,
    new_key,
)
from store.blobs.folder import FolderBlobs
from store.blobs.s3 import PART_BYTES, Bucket, S3Blobs
from tests.support.blobs import MIB, files_below, read, write
from tests.support.s3 import (
    kept_in,
)


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
