"""What another process does: another user, or one that is about to be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import OperationalError

from store.embedded import Cluster, ClusterError
from store.embedded.programs import Programs
from tests.store.embedded.clusters import FAST, NOBODY, ROOT, ask, running, server_pid, tell

CHECKOUT = Path(__file__).parents[3]


@contextmanager
def child(task: str, *arguments: object, under: tuple[str, ...] = ()) -> Iterator["Child"]:
    """One of the functions below in a process, and a process group, of its own."""
    command = [*under, sys.executable, "-m", __name__, task, *map(str, arguments)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        process_group=0,
    ) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


class Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    def answer(self) -> str:
        return self._stdout.readline().strip()

    def ask(self) -> str:
        self._stdin.write("?\n")
        self._stdin.flush()
        return self.answer()

    def let_go(self) -> None:
        self._stdin.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def serve(home: str) -> None:
    """Serve, say the server's number, and answer each line with what the database says."""
    signal.signal(signal.SIGINT, lambda *_: None)
    with running(Path(home)) as cluster:
        say(server_pid(cluster.home))
        for _ in sys.stdin:
            say(ask(cluster.application_url, "SELECT 'answered'"))
    say("stopped")


def live_as_ordinary_user(home: str, programs: str) -> None:
    """A cluster's whole life in the hands of somebody who is not root."""
    wheel = replace(Programs.of_wheel(), root=Path(programs))
    if ROOT:
        become(NOBODY.pw_uid)
    with running(Path(home), programs=wheel) as cluster:
        tell(cluster.owner_url, "CREATE TABLE letters (body text)")
        tell(cluster.application_url, "INSERT INTO letters VALUES ('dear')")
    with running(Path(home), programs=wheel) as cluster:
        letter = ask(cluster.application_url, "SELECT body FROM letters")
        server = Path("/proc", str(server_pid(cluster.home))).stat().st_uid
    say(f"{letter} from {server}")


def try_to_start(home: str, uid: str) -> None:
    become(int(uid))
    try:
        Cluster(Path(home), settings=FAST).start()
    except ClusterError as error:
        say(error)


def knock(url: str, uid: str) -> None:
    become(int(uid))
    try:
        say(ask(url, "SELECT current_user"))
    except OperationalError as error:
        say(str(error.orig).strip().splitlines()[-1])


def become(uid: int) -> None:
    if uid:
        os.setgroups([])
        os.setgid(NOBODY.pw_gid)
        os.setuid(uid)


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    tasks = (serve, live_as_ordinary_user, try_to_start, knock)
    {task.__name__: task for task in tasks}[sys.argv[1]](*sys.argv[2:])
