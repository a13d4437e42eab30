"""How the server runs, starts, stops and is shared."""

import os
import re
import subprocess
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy.exc import ProgrammingError

from store.embedded import Cluster, ClusterError, ClusterInUse
from store.embedded.log import BoundedLog
from store.embedded.programs import Programs
from tests.store.embedded.clusters import FAST, ask, generation, running, tell


def test_the_text_is_utf_8_in_an_order_without_the_system_library(cluster: Cluster) -> None:
    assert ask(
        cluster.owner_url,
        "SELECT ARRAY[pg_encoding_to_char(encoding), datlocprovider::text, datlocale]"
        " FROM pg_database WHERE datname = current_database()",
    ) == ["UTF8", "b", "C.UTF-8"]


def test_a_search_tells_letters_from_quotation_marks_and_emoji(cluster: Cluster) -> None:
    found = ask(cluster.owner_url, "SELECT to_tsvector('simple', 'ÄPFEL “süß”—😀ja')::text")
    assert found == "'ja':3 'süß':2 'äpfel':1"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("listen_addresses", ""),
        ("TimeZone", "UTC"),
    ],
)
def test_it_runs_with(cluster: Cluster, setting: str, value: str) -> None:
    assert ask(cluster.owner_url, f"SHOW {setting}") == value


def test_a_caller_may_change_settings_but_not_open_a_port(home: Path) -> None:
    cluster = Cluster(home, settings={"fsync": "off", "work_mem": "7MB", "listen_addresses": "*"})
    with cluster.shared():
        assert ask(cluster.owner_url, "SHOW work_mem") == "7MB"
        assert ask(cluster.owner_url, "SHOW listen_addresses") == ""


def test_the_log_does_not_repeat_what_people_write(cluster: Cluster) -> None:
    with pytest.raises(ProgrammingError, match="no_such_table"):
        tell(cluster.application_url, "INSERT INTO no_such_table VALUES ('dear diary')")
    with pytest.raises(ProgrammingError, match="second"):
        tell(cluster.application_url, "SELECT second FROM pg_class")
    log = (cluster.home / "log" / "postgresql.log").read_text()
    assert "no_such_table" in log
    assert "diary" not in log


def test_a_log_keeps_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "postgresql.log"
    log = BoundedLog(path, limit=100)
    for number in range(50):
        log.write(b"line %02d\n" % number)
    log.close()
    kept = path.with_name("postgresql.log.1").read_bytes() + path.read_bytes()
    assert kept.endswith(b"line 48\nline 49\n")
    assert 100 < len(kept) <= 200


def test_stopping_is_clean_and_the_next_start_finds_everything(home: Path) -> None:
    with running(home) as cluster:
        tell(cluster.owner_url, "CREATE TABLE letters AS SELECT 'dear' AS body")
    made = generation(home)
    state = subprocess.check_output([made.folder / "bin" / "pg_controldata", made.data], text=True)
    assert re.search(r"cluster state: +shut down\n", state)
    assert not cluster.is_running()
    with running(home) as cluster:
        assert ask(cluster.application_url, "SELECT body FROM letters") == "dear"
        tell(cluster.owner_url, "DROP TABLE letters")


def test_a_start_that_fails_says_why_and_leaves_the_folder_free(home: Path) -> None:
    with pytest.raises(ClusterError, match="shared_buffers"):
        Cluster(home, settings={**FAST, "shared_buffers": "a lot"}).start()
    with running(home) as cluster:
        assert cluster.is_running()


def test_a_cluster_that_was_never_made_is_not_running(place: Path) -> None:
    assert not Cluster(place / "postgres").is_running()


def test_a_making_that_was_cut_short_is_begun_again(place: Path) -> None:
    (place / "postgres" / f"{Programs.of_wheel().major}.new" / "data").mkdir(parents=True)
    said: list[str] = []
    with running(place / "postgres", say=said.append) as cluster:
        assert ask(cluster.application_url, "SELECT 1") == 1
    assert "making a database" in said[0]


def test_the_thread_that_started_it_may_end(home: Path) -> None:
    # The kernel's signal for a lost parent is for the thread that forked, not for its process.
    cluster = Cluster(home, settings=FAST)
    starter = Thread(target=cluster.start)
    starter.start()
    starter.join()
    try:
        assert ask(cluster.application_url, "SELECT pg_sleep(0.2)::text") == ""
        assert cluster.is_running()
    finally:
        cluster.stop()


def test_a_second_server_is_told_who_has_the_folder(cluster: Cluster) -> None:
    with pytest.raises(ClusterInUse, match=rf"in use by process {os.getpid()}:"):
        Cluster(cluster.home).start()
    assert ask(cluster.application_url, "SELECT 1") == 1


def test_a_command_shares_the_running_server_and_leaves_it_running(cluster: Cluster) -> None:
    command = Cluster(cluster.home)
    with command.shared():
        assert ask(command.owner_url, "SELECT 1") == 1
    assert cluster.is_running()


def test_a_command_runs_one_for_itself_where_there_is_none(home: Path) -> None:
    command = Cluster(home, settings=FAST)
    assert not command.is_running()
    with command.shared():
        assert ask(command.owner_url, "SELECT 1") == 1
    assert not command.is_running()
