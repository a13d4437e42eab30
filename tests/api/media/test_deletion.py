"""What was deleted goes, however long the storage is away."""

from datetime import timedelta
from pathlib import Path

import pytest

from api.media.deletion import deletion
from store.blobs import NoSuchBlob
from store.blobs.folder import FolderBlobs
from store.jobs import State
from store.media import DELETE_BLOBS
from store.outage import Outage
from tests.support.blobs import read, write
from tests.support.jobs import House
from tests.support.jobs import house as jobs_house

__all__ = ["jobs_house"]


async def test_the_storage_s_outages_use_up_no_attempts(
    jobs_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FolderBlobs(tmp_path) as blobs:
        keys = [(await write(blobs, content)).key for content in (b"one", b"two")]

        async def fail(key: str) -> None:
            raise Outage("the storage is away")

        with monkeypatch.context() as away:
            away.setattr(blobs, "delete", fail)
            await jobs_house.server({DELETE_BLOBS: deletion(blobs)})
            job_id = await jobs_house.enqueue(DELETE_BLOBS, keys=keys)
            for _ in range(30):
                await jobs_house.leap_to(jobs_house.clock.now() + timedelta(hours=1))
            assert (await jobs_house.find(job_id)).state is State.QUEUED
        await jobs_house.leap_to(jobs_house.clock.now() + timedelta(hours=1))
        assert (await jobs_house.wait_for(job_id, State.DONE)).outcome == {"blobs": 2}
        for key in keys:
            with pytest.raises(NoSuchBlob):
                await read(blobs, key)
