"""Where the master key is kept."""

import asyncio
import errno
from pathlib import Path

import pytest

from api.failure import Failed
from api.masterkey import InFile
from store.master_key import LocalMasterKey
from store.master_key_file import MasterKeyFile


async def test_a_file_that_can_t_be_replaced_after_all_is_mended_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is mounted by itself: it can be written, and not be given another's place."""

    def refuse(draft: Path, place: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy")

    path = tmp_path / "master.key"
    await asyncio.to_thread(MasterKeyFile(path).make)
    new = LocalMasterKey.random()
    home = InFile(path)
    monkeypatch.setattr(Path, "replace", refuse)
    await home.lay_out(new)
    with pytest.raises(Failed, match=r"master\.key\.new"):
        await home.put_in_place()
    path.write_bytes((tmp_path / "master.key.new").read_bytes())
    await home.lay_out(new)
    await home.put_in_place()
    assert (await home.read()).current == new.current
    assert list(tmp_path.iterdir()) == [path]
