"""Clusters for tests, in folders of their own, asked by a plain driver: the server is tested."""

import os
import pwd
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from store.embedded import Cluster
from store.embedded.generation import Generation
from store.embedded.postmaster import end_orphans, pid_file

FAST = {"fsync": "off"}
ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")

as_root = pytest.mark.skipif(not ROOT, reason="only root can be more than one user")


@contextmanager
def folder(mode: int = 0o755) -> Iterator[Path]:
    """Not pytest's own, whose parents are closed to all but one user and whose path is long."""
    made = Path(tempfile.mkdtemp(prefix="hearth-test-", dir=_shelf()))
    made.chmod(mode)
    try:
        yield made
    finally:
        # A test that is aborted may leave a busy process behind, whose parent it has killed.
        for data in made.rglob("[0-9]*/data"):
            end_orphans(data)
        shutil.rmtree(made)


@contextmanager
def running(home: Path, **options: Any) -> Iterator[Cluster]:
    cluster = Cluster(home, settings=FAST, **options)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    plain = make_url(url).set(drivername="postgresql+psycopg2")
    engine = create_engine(plain, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def ask(url: str, question: str) -> Any:
    with connected(url) as connection:
        return connection.execute(text(question)).scalar()


def tell(url: str, *statements: str) -> None:
    with connected(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def count_for_ever(cluster: Cluster) -> None:
    """Until the server is no more; a process that is busy does not notice its parent's death."""
    with pytest.raises(OperationalError):
        ask(cluster.application_url, "SELECT count(*) FROM (SELECT generate_series(1, 1e15)) s")


def wait_until_busy(cluster: Cluster) -> None:
    with connected(cluster.superuser_url) as connection:
        active = text("SELECT FROM pg_stat_activity WHERE usename = 'hearth' AND state = 'active'")
        while not connection.execute(active).rowcount:
            connection.execute(text("SELECT pg_sleep(0.01)"))


def generation(home: Path) -> Generation:
    return Generation.all_in(home)[-1]


def server_pid(home: Path) -> int:
    found = pid_file(generation(home).data)
    assert found is not None
    return found[0]


def processes_of(home: Path) -> list[int]:
    """All of a cluster's, the postmaster and its children."""
    found = []
    data = next(home.glob("[0-9]*/data"))
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").samefile(data):
                found.append(int(process.name))
    return found


@contextmanager
def frozen(home: Path) -> Iterator[None]:
    """It is there, and does nothing: as on a disk that hangs."""
    stopped = processes_of(home)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def wait_until(condition: Callable[[], bool]) -> None:
    """For what happens in another thread or process."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


def wait_for_end(handle: int) -> None:
    """A handle and not a number, which could be somebody else's by the time we look."""
    ended = select.poll()
    ended.register(handle, select.POLLIN)
    assert ended.poll(20_000), "the process is still there"
    os.close(handle)


def _shelf() -> str | None:
    """Memory, where programs may lie in it: these clusters are many and short-lived."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        return None
    found = os.statvfs(memory)
    roomy = found.f_bavail * found.f_frsize > 2**30
    return str(memory) if roomy and not found.f_flag & os.ST_NOEXEC else None
