"""Processes that are killed, interrupted or left behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from store.embedded import Cluster
from store.embedded.account import Account
from tests.store.embedded.children import child
from tests.store.embedded.clusters import (
    FAST,
    ROOT,
    as_root,
    ask,
    count_for_ever,
    folder,
    generation,
    running,
    wait_for_end,
    wait_until_busy,
)


@pytest.fixture
def below_closed_home() -> Iterator[Path]:
    with folder(mode=0o700) as closed:
        yield closed / "postgres"


@pytest.mark.parametrize("where", ["home", pytest.param("below_closed_home", marks=as_root)])
def test_postgresql_does_not_outlive_a_killed_server_process(
    request: pytest.FixtureRequest, where: str
) -> None:
    home: Path = request.getfixturevalue(where)
    with child("serve", home) as server:
        postgres = os.pidfd_open(int(server.answer()))
        server.kill()
        wait_for_end(postgres)
    with running(home) as cluster:
        assert ask(cluster.application_url, "SELECT 1") == 1


def test_a_start_right_after_a_kill_waits_for_what_is_still_ending(home: Path) -> None:
    with child("serve", home) as server:
        assert server.answer()
        server.kill()
        with running(home) as cluster:
            assert ask(cluster.application_url, "SELECT 1") == 1


def test_a_killed_postgresql_starts_again_while_a_query_is_still_running(home: Path) -> None:
    cluster = Cluster(home, settings=FAST)
    counting = Thread(target=count_for_ever, args=(cluster,))
    with child("serve", home) as server:
        postgres = int(server.answer())
        counting.start()
        wait_until_busy(cluster)
        os.kill(postgres, signal.SIGKILL)
        server.kill()
        with cluster.shared():
            assert ask(cluster.application_url, "SELECT 1") == 1
    counting.join()


def test_an_orphan_that_missed_our_end_is_ended_first(home: Path) -> None:
    made = generation(home)
    account = Account.choose(home, made.data.stat().st_uid)
    postgres = account.command([made.program("postgres", account), "-D", str(made.data), "-k", ""])
    for word in ("--pdeathsig", "INT"):
        postgres.remove(word)
    with subprocess.Popen(postgres, cwd="/", stderr=subprocess.PIPE, text=True) as orphan:
        try:
            assert orphan.stderr is not None
            while "ready to accept connections" not in orphan.stderr.readline():
                assert orphan.poll() is None
            with running(home) as cluster:
                assert orphan.wait(20) == 0
                assert ask(cluster.application_url, "SELECT 1") == 1
        finally:
            orphan.kill()


def test_a_process_file_with_the_number_of_somebody_else_is_no_obstacle(home: Path) -> None:
    pid_file = generation(home).data / "postmaster.pid"
    with running(home):
        lines = pid_file.read_text().splitlines(keepends=True)
        owner = pid_file.stat().st_uid
    with subprocess.Popen(["sleep", "60"], user=owner if ROOT else None) as somebody_else:
        try:
            pid_file.write_text("".join([f"{somebody_else.pid}\n", *lines[1:]]))
            os.chown(pid_file, owner, -1)
            with running(home) as cluster:
                assert ask(cluster.application_url, "SELECT 1") == 1
            assert somebody_else.poll() is None
        finally:
            somebody_else.kill()


@pytest.mark.parametrize("left", ["", "\0\0\0", "nobody\n", "0\n", "-7\n"])
def test_a_process_file_that_names_nobody_is_no_obstacle(home: Path, left: str) -> None:
    (generation(home).data / "postmaster.pid").write_text(left)
    with running(home) as cluster:
        assert ask(cluster.application_url, "SELECT 1") == 1


def test_ctrl_c_in_the_terminal_leaves_postgresql_to_us(home: Path) -> None:
    with child("serve", home) as server:
        assert server.answer()
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.ask() == "answered"
        server.let_go()
        assert server.answer() == "stopped"
