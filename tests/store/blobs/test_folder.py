import asyncio
import errno
import os
import shutil
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.blobs import (
    LEFT_BEHIND_AFTER,
    PIECE_BYTES,
    NoSuchBlob,
    WrongStorage,
    new_key,
)
from store.blobs.folder import FolderBlobs
from store.outage import Outage
from tests.support.blobs import MIB, below, files_below, read, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
async def folder(root: Path) -> AsyncIterator[FolderBlobs]:
    async with FolderBlobs(root) as blobs:
        yield blobs


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
