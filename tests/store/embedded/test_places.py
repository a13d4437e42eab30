"""Users and folders of all kinds."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from store.embedded import Cluster, ClusterError, socket_folder
from store.embedded.programs import Programs
from tests.store.embedded.children import child
from tests.store.embedded.clusters import FAST, NOBODY, ROOT, as_root, ask, folder, running


def test_an_ordinary_user_runs_it_as_himself(place: Path) -> None:
    wheel = Programs.of_wheel()
    # The environment of these tests may lie where only root can read.
    wheel.keep_in(place)
    home = place / "home"
    home.mkdir()
    if ROOT:
        os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    programs = place / f"programs-{wheel.release}"
    with child("live_as_ordinary_user", home / "postgres", programs) as user:
        assert user.answer() == f"dear from {NOBODY.pw_uid if ROOT else os.geteuid()}"


@as_root
def test_a_user_without_a_name_is_told_to_get_one(place: Path) -> None:
    nameless = max(user.pw_uid for user in pwd.getpwall() if user.pw_uid < 60_000) + 1
    os.chown(place, nameless, -1)
    with child("try_to_start", place / "postgres", nameless) as user:
        assert f"the user id {nameless} has no name on this system" in user.answer()


@as_root
def test_a_cluster_of_root_is_closed_to_an_ordinary_user(home: Path) -> None:
    with child("try_to_start", home, NOBODY.pw_uid) as user:
        assert "is closed to you: run hearth as the user it belongs to" in user.answer()


@as_root
def test_a_cluster_below_a_closed_home_runs_and_the_home_stays_closed() -> None:
    with folder(mode=0o700) as closed:
        for _ in ("made", "started"):
            with running(closed / "var" / "postgres") as cluster:
                assert ask(cluster.application_url, "SELECT 1") == 1
                # The mount is a matter of PostgreSQL's alone.
                assert str(closed) not in Path("/proc/self/mountinfo").read_text()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_a_closed_home_without_the_right_to_mount_is_one_line_of_advice() -> None:
    lesser_root = ("setpriv", "--bounding-set=-sys_admin", "--")
    with (
        folder(mode=0o700) as closed,
        child("try_to_start", closed / "postgres", 0, under=lesser_root) as user,
    ):
        advice = user.answer()
        assert "Operation not permitted" in advice
        assert "choose another folder with HEARTH_DATA_DIR" in advice


@pytest.mark.parametrize("name", ["deep/" * 30, "one,two"])
def test_a_path_that_no_socket_can_have_gets_a_private_place_elsewhere(
    place: Path, name: str
) -> None:
    home = place / name / "postgres"
    elsewhere = socket_folder.choose(home)
    assert len(str(elsewhere)) < 60
    with running(home) as cluster:
        assert ask(cluster.application_url, "SELECT 1") == 1
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    assert not elsewhere.exists()


def test_a_place_elsewhere_that_somebody_else_prepared_is_refused(place: Path) -> None:
    home = place / ("deep/" * 30)
    elsewhere = socket_folder.choose(home)
    elsewhere.symlink_to(place)
    try:
        with pytest.raises(ClusterError, match="remove it"):
            Cluster(home, settings=FAST).start()
    finally:
        elsewhere.unlink()
