"""The file of the master key: whole or not there, and for its owner's eyes only."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.master_key import LocalMasterKey, NoMasterKey
from store.master_key_file import MasterKeyFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "master.key"


def key_in(path: Path) -> LocalMasterKey:
    key = MasterKeyFile(path).read()
    assert key is not None
    return key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_for_its_owner_alone_and_read_again(path: Path) -> None:
    assert MasterKeyFile(path).read() is None
    made = MasterKeyFile(path).make()
    assert key_in(path).secret == made.secret
    assert mode(path) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_of_servers_that_start_at_once_each_has_the_same_key(path: Path) -> None:
    with ThreadPoolExecutor() as servers:
        made = list(servers.map(lambda _: MasterKeyFile(path).make(), range(20)))
    assert {key.secret for key in made} == {key_in(path).secret}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "nonsense", "c2hvcnQ=", "=" * 44, "ä" * 44])
def test_something_else_is_no_key(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(NoMasterKey):
        MasterKeyFile(path).read()


def test_a_new_key_takes_the_file_s_name_at_once(path: Path) -> None:
    file = MasterKeyFile(path)
    old = file.make()
    new = LocalMasterKey.random()
    path.chmod(0o640)
    file.draft(LocalMasterKey.random())
    file.draft(new)
    assert key_in(path).secret == old.secret
    assert {mode(each) for each in path.parent.iterdir() if each != path} == {0o600}
    file.replace()
    assert key_in(path).secret == new.secret
    assert mode(path) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    MasterKeyFile(path).make()
    link = tmp_path / "link"
    link.symlink_to(path)
    new = LocalMasterKey.random()
    MasterKeyFile(link).draft(new)
    MasterKeyFile(link).replace()
    assert link.is_symlink()
    assert key_in(path).secret == new.secret


def test_it_still_belongs_to_whom_it_belonged(path: Path) -> None:
    """Root may turn the key of a server that runs as somebody else."""
    file = MasterKeyFile(path)
    file.make()
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(path, owner, -1)
    file.draft(LocalMasterKey.random())
    file.replace()
    assert path.stat().st_uid == owner


def test_a_folder_that_takes_no_file_is_found_before_anything_is_changed(path: Path) -> None:
    file = MasterKeyFile(path)
    old = file.make()
    # Stands in the draft's way, for root as well.
    (path.parent / "master.key.new").mkdir()
    with pytest.raises(OSError, match=r"master\.key\.new"):
        file.draft(LocalMasterKey.random())
    assert key_in(path).secret == old.secret
