"""A server that ends unasked comes back."""

import os
import signal
from pathlib import Path
from threading import Thread

import pytest

from store.embedded import Cluster, server
from tests.store.embedded.clusters import (
    ask,
    count_for_ever,
    generation,
    running,
    server_pid,
    wait_until,
    wait_until_busy,
)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(server, "LONGEST_PAUSE", 0.05)


def kill(cluster: Cluster) -> None:
    os.kill(server_pid(cluster.home), signal.SIGKILL)


def test_a_killed_server_comes_back_and_says_so(home: Path) -> None:
    said: list[str] = []
    with running(home, say=said.append) as cluster:
        for _ in range(2):
            del said[:]
            kill(cluster)
            wait_until(lambda: "PostgreSQL is back" in said)
            assert ask(cluster.application_url, "SELECT 1") == 1
            assert said == [
                "PostgreSQL has ended unasked (it was ended by SIGKILL); it is started again",
                "PostgreSQL is back",
            ]
    assert not cluster.is_running()


def test_a_killed_server_comes_back_although_a_query_is_still_running(home: Path) -> None:
    said: list[str] = []
    with running(home, say=said.append) as cluster:
        counting = Thread(target=count_for_ever, args=(cluster,))
        counting.start()
        wait_until_busy(cluster)
        kill(cluster)
        wait_until(lambda: "PostgreSQL is back" in said)
        counting.join()
        assert ask(cluster.application_url, "SELECT 1") == 1


def test_a_server_that_cannot_come_back_yet_is_tried_until_it_can(home: Path) -> None:
    said: list[str] = []
    version = generation(home).data / "PG_VERSION"
    hidden = version.with_name("hidden")
    with running(home, say=said.append) as cluster:
        version.rename(hidden)
        try:
            kill(cluster)
            wait_until(lambda: any("did not start" in line for line in said))
            tries = log_of(cluster).count("is not a valid data directory")
            wait_until(lambda: log_of(cluster).count("is not a valid data directory") > tries + 2)
        finally:
            hidden.rename(version)
        wait_until(lambda: "PostgreSQL is back" in said)
        assert ask(cluster.application_url, "SELECT 1") == 1
        # However often it was tried, the same reason is told once.
        assert len(said) == 3


def test_a_server_that_is_not_back_yet_can_be_stopped(home: Path) -> None:
    said: list[str] = []
    version = generation(home).data / "PG_VERSION"
    hidden = version.with_name("hidden")
    with running(home, say=said.append) as cluster:
        version.rename(hidden)
        kill(cluster)
        wait_until(lambda: any("did not start" in line for line in said))
    hidden.rename(version)
    assert not cluster.is_running()
    assert "PostgreSQL is back" not in said
    with running(home):
        assert ask(cluster.application_url, "SELECT 1") == 1


def log_of(cluster: Cluster) -> str:
    return (cluster.home / "log" / "postgresql.log").read_text()
