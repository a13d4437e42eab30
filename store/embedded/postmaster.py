"""One PostgreSQL server process: born, ready, ended."""

import os
import select
import signal
import subprocess
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

from store.embedded.account import ENVIRONMENT
from store.embedded.errors import ClusterError
from store.embedded.log import BoundedLog

LOOK = 0.02

# After a power cut the server first replays what it had logged, which may be a gigabyte: minutes
# on a slow disk.
STARTING = 300.0

# Fast (sessions end, everything is written down), immediate (recovery at the next start), and the
# kernel's. We have ten seconds to stop in, so the first must take less.
ENDINGS = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 6.0), (signal.SIGKILL, 2.0))
Endings = Sequence[tuple[signal.Signals, float]]

# What the children of a killed server take to let go of its log.
ENDED = 10.0


class Postmaster:
    """A server that is our child, and the thread that keeps it.

    Should we die without a word, the kernel sends the server SIGINT, which ends it in good order
    (`--pdeathsig`). The kernel does so when the *thread* that started it ends, so the server has
    a thread of its own, which lives as long as it does and meanwhile writes down what it logs.
    """

    def __init__(self, command: Sequence[str], data: Path, log: Path) -> None:
        self._data = data
        self._last_lines: deque[str] = deque(maxlen=20)
        self._born: Future[tuple[int, int]] = Future()
        self._keeper = Thread(
            target=self._keep, args=(command, log), name="postgres-keeper", daemon=True
        )
        self._keeper.start()
        self.pid, self._handle = self._born.result()

    def wait_until_ready(self) -> None:
        for _ in range(int(STARTING / LOOK)):
            self._keeper.join(LOOK)
            if not self._keeper.is_alive():
                raise ClusterError(f"PostgreSQL did not start: {self._complaint()}")
            if pid_file(self._data) == (self.pid, "ready"):
                return
        raise ClusterError(f"PostgreSQL did not start within {STARTING:.0f} seconds")

    def stop(self) -> None:
        _end(self._handle, ENDINGS)
        os.close(self._handle)
        self._keeper.join(ENDED)

    def _keep(self, command: Sequence[str], log: Path) -> None:
        try:
            with closing(BoundedLog(log)) as record, self._start(command) as process:
                self._born.set_result((process.pid, os.pidfd_open(process.pid)))
                for line in process.stderr or ():
                    record.write(line)
                    self._last_lines.append(line.decode(errors="replace").strip())
        except OSError as error:
            self._born.set_exception(error)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        # A process file that a power cut left behind may hold a number that belongs to somebody
        # else by now, and PostgreSQL would take them for a server. It makes an exception for the
        # program that starts it, which `pg_ctl` names by this variable.
        former = pid_file(self._data)
        environment = ENVIRONMENT | ({"PG_GRANDPARENT_PID": str(former[0])} if former else {})
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            # A Ctrl-C in the terminal is for us; we stop the server when nobody needs it anymore.
            start_new_session=True,
        )

    def _complaint(self) -> str:
        for line in reversed(self._last_lines):
            if "FATAL:" in line:
                return line.partition("FATAL:")[2].strip()
        return self._last_lines[-1] if self._last_lines else "it said nothing"


def pid_file(data: Path) -> tuple[int, str] | None:
    """The process that serves this data, or did, and its state in PostgreSQL's words."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
    except (FileNotFoundError, IndexError, ValueError):
        return None


def is_running(data: Path) -> bool:
    """Whether a server accepts connections to this data."""
    found = pid_file(data)
    return found is not None and found[1] == "ready" and _works_in(found[0], data)


def end_orphans(data: Path) -> None:
    """End what an earlier server left: itself when we were killed, its children when it was.

    Only the holder of the cluster's lock may ask for it.
    """
    found = pid_file(data)
    if found is not None:
        _end_if_ours(found[0], data, ENDINGS)
    for process in Path("/proc").glob("[0-9]*"):
        # Without their parent nothing orders the children's ends: they must leave the shared
        # memory as it is, which SIGQUIT tells them.
        _end_if_ours(int(process.name), data, ENDINGS[1:])


def _end_if_ours(pid: int, data: Path, endings: Endings) -> None:
    if _works_in(pid, data):
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            _end(handle, endings)
            os.close(handle)


def _works_in(pid: int, data: Path) -> bool:
    """PostgreSQL's processes live in their data folder, by whatever path they came to it."""
    process = Path("/proc", str(pid))
    try:
        program = (process / "exe").readlink().name
        return program.startswith("postgres") and (process / "cwd").samefile(data)
    except OSError:
        return False


def _end(handle: int, endings: Endings) -> None:
    ended = select.poll()
    ended.register(handle, select.POLLIN)
    for ending, seconds in endings:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, ending)
        if ended.poll(seconds * 1000):
            return
