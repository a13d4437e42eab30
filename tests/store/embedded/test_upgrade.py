"""Newer programs over older data, with the older PostgreSQL that this system has."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.embedded import Cluster, ClusterError
from store.embedded.account import Account
from store.embedded.generation import Generation
from store.embedded.programs import Programs
from tests.store.embedded.clusters import (
    FAST,
    as_root,
    ask,
    folder,
    running,
    server_pid,
    tell,
    wait_for_end,
)
from tests.support.clock import VirtualClock


@pytest.fixture(scope="module")
def older() -> Programs:
    release = Programs.of_wheel().major
    found = (int(folder.name) for folder in Path("/usr/lib/postgresql").glob("*"))
    major = max((major for major in found if major < release), default=None)
    if major is None:
        pytest.fail("an upgrade needs an older PostgreSQL: apt-get install postgresql-15")
    parts = (f"lib/postgresql/{major}", f"share/postgresql/{major}")
    return Programs(f"{major}.0", Path("/usr"), parts, f"lib/postgresql/{major}/bin")


@pytest.fixture(scope="module")
def old_data(older: Programs) -> Iterator[Path]:
    """With a letter in it."""
    with folder() as made:
        home = made / "postgres"
        home.mkdir()
        account = Account.choose(home, None)
        Generation.make(home, older, account, durable=False, locale=("--locale=C.UTF-8",)).settle()
        cluster = Cluster(home, settings=FAST, programs=older)
        with cluster.shared():
            tell(
                cluster.owner_url,
                "CREATE EXTENSION citext",
                "CREATE TABLE letters AS SELECT 'dear' AS body",
            )
        yield home


@pytest.fixture(params=[0o755, pytest.param(0o700, marks=as_root)], ids=["open", "closed"])
def copied_data(old_data: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    with folder(mode=request.param) as made:
        subprocess.check_call(["cp", "--archive", old_data, made / "postgres"])
        yield made / "postgres"


def test_a_major_upgrade_keeps_data_and_rights_and_the_old_data_for_a_while(
    copied_data: Path, older: Programs
) -> None:
    with running(copied_data, programs=older):
        cut_power(copied_data)
    said: list[str] = []
    with running(copied_data, clock=VirtualClock(on_march(1)), say=said.append) as cluster:
        assert ask(cluster.application_url, "SELECT body FROM letters") == "dear"
        tell(cluster.owner_url, "CREATE TABLE later (id int)")
        tell(cluster.application_url, "INSERT INTO later VALUES (1)")
        assert major_version(cluster) == Programs.of_wheel().major
    assert "upgrading" in said[0]
    kept = copied_data / f"{older.major}.kept-until-2026-03-15"
    assert (kept / "data" / "PG_VERSION").exists()
    assert (kept / "bin" / "postgres").exists()

    with running(copied_data, clock=VirtualClock(on_march(15))):
        assert kept.exists()
    with running(copied_data, clock=VirtualClock(on_march(16))):
        assert not kept.exists()


def test_a_failed_major_upgrade_leaves_the_old_data_in_use(old_data: Path, older: Programs) -> None:
    with running(old_data, programs=older) as cluster:
        tell(cluster.owner_url, "CREATE TABLE unmovable (what regproc)")
        cut_power(old_data)
    with pytest.raises(ClusterError, match=r"upgrade\.log says why") as refusal:
        Cluster(old_data, settings=FAST).start()
    assert "\n" not in str(refusal.value)
    assert "reg* data types" in (old_data / "log" / "upgrade.log").read_text()
    with running(old_data, programs=older) as cluster:
        assert ask(cluster.application_url, "SELECT body FROM letters") == "dear"
        tell(cluster.owner_url, "DROP TABLE unmovable")


def test_a_minor_upgrade_replaces_the_kept_programs(home: Path) -> None:
    wheel = Programs.of_wheel()
    newer = replace(wheel, release=f"{wheel.release}.1")
    with running(home, programs=newer) as cluster:
        assert ask(cluster.application_url, "SELECT 1") == 1
    kept = home / str(wheel.major)
    assert [path.name for path in kept.glob("programs-*")] == [f"programs-{newer.release}"]
    assert (kept / "bin" / "postgres").exists()


def test_an_older_wheel_serves_newer_data_with_the_programs_beside_it(home: Path) -> None:
    wheel = Programs.of_wheel()
    with running(home, programs=replace(wheel, release=f"{wheel.major - 1}.0")) as cluster:
        assert major_version(cluster) == wheel.major


def cut_power(home: Path) -> None:
    """The data is then not in the order that pg_upgrade wants."""
    server = os.pidfd_open(server_pid(home))
    signal.pidfd_send_signal(server, signal.SIGKILL)
    wait_for_end(server)


def on_march(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def major_version(cluster: Cluster) -> int:
    return int(ask(cluster.owner_url, "SHOW server_version_num")) // 10_000
