"""One PostgreSQL server process: born, ready, ended."""

import os
import re
import select
import signal
import subprocess
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Lock, Thread
from time import monotonic
from typing import IO

from store.embedded.account import ENVIRONMENT
from store.embedded.errors import ClusterError
from store.embedded.log import BoundedLog

LOOK = 0.02

# After a power cut the server first replays what it had logged, which may be a gigabyte: minutes
# on a slow disk.
STARTING = 300.0

# Fast (sessions end, everything is written down), immediate (recovery at the next start), and the
# kernel's.
ENDINGS = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 6.0), (signal.SIGKILL, 2.0))
Endings = Sequence[tuple[signal.Signals, float]]
# The same for a server that has to be gone in time: by the first look it has said that it is
# stopping, unless it stands still.
_FIRST_LOOK = 1.0
_LAST_ENDINGS = ((signal.SIGQUIT, 0.5), (signal.SIGKILL, 0.5))
_LEAST_SECONDS = _FIRST_LOOK + sum(seconds for _, seconds in _LAST_ENDINGS)

# How long its last words may take to arrive once it has ended.
LAST_WORDS = 1.0
_REASON = re.compile(r"(?:PANIC|FATAL): +(.*)")


class Postmaster:
    """A server that is our child, and the thread that keeps it.

    Should we die without a word, the kernel sends the server SIGINT, which ends it in good order
    (`--pdeathsig`). The kernel does so when the *thread* that started it ends, so the server has
    a thread of its own, which lives exactly as long as it does.
    """

    def __init__(self, command: Sequence[str], data: Path, log: Path) -> None:
        self._data = data
        self._log = BoundedLog(log)
        self._last_lines: deque[str] = deque(maxlen=20)
        self._exit_code: int | None = None
        self._ending = Lock()
        self._born: Future[tuple[int, int]] = Future()
        self._keeper = Thread(
            target=self._keep, args=(command,), name="postgres-keeper", daemon=True
        )
        self._keeper.start()
        self.pid, handle = self._born.result()
        self._handle: int | None = handle

    def wait_until_ready(self) -> None:
        for _ in range(int(STARTING / LOOK)):
            self._keeper.join(LOOK)
            if not self._keeper.is_alive():
                raise ClusterError(f"PostgreSQL did not start: {self.complaint()}")
            if pid_file(self._data) == (self.pid, "ready"):
                return
        raise ClusterError(f"PostgreSQL did not start within {STARTING:.0f} seconds")

    def ends_within(self, seconds: float | None) -> bool:
        """Wait for its end, for ever if need be, whoever brings it about."""
        self._keeper.join(seconds)
        return not self._keeper.is_alive()

    def stop(self, seconds: float) -> None:
        """End it in good order, or by force when the time is nearly up; nothing if it has ended."""
        with self._ending:
            if self._handle is None:
                return
            _end([self._handle], [(signal.SIGINT, _FIRST_LOOK)])
            if pid_file(self._data) == (self.pid, "stopping"):
                _end([self._handle], [(signal.SIGINT, seconds - _LEAST_SECONDS)])
            _end([self._handle], _LAST_ENDINGS)
            os.close(self._handle)
            self._handle = None
        # Only one that was ended by force leaves any.
        _end_all(_processes(), self._data, _LAST_ENDINGS[1:])
        # A process that hangs in the kernel outlives even SIGKILL: then it is left behind.
        self._keeper.join(LAST_WORDS)

    def complaint(self) -> str:
        """What ended it, or what it said before its end."""
        if self._exit_code is not None and self._exit_code < 0:
            return f"it was ended by {signal.Signals(-self._exit_code).name}"
        for line in reversed(self._last_lines):
            if found := _REASON.search(line):
                return found[1]
        return self._last_lines[-1] if self._last_lines else "it said nothing"

    def _keep(self, command: Sequence[str]) -> None:
        try:
            process = self._start(command)
            self._born.set_result((process.pid, os.pidfd_open(process.pid)))
        except OSError as error:
            self._log.close()
            self._born.set_exception(error)
            return
        # Not this thread's work: the pipe may outlive the server, in the hands of its orphans.
        writer = Thread(target=self._write_down, args=(process.stderr,), daemon=True)
        writer.start()
        self._exit_code = process.wait()
        writer.join(LAST_WORDS)

    def _write_down(self, said: IO[bytes]) -> None:
        with closing(self._log), said:
            for line in said:
                self._log.write(line)
                self._last_lines.append(line.decode(errors="replace").strip())

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


def pid_file(data: Path) -> tuple[int, str] | None:
    """The process that serves this data, or did, and its state in PostgreSQL's words."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        return _number(lines[0]), lines[7].strip() if len(lines) > 7 else ""
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _number(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError
    return number


def is_running(data: Path) -> bool:
    """Whether a server accepts connections to this data."""
    found = pid_file(data)
    return found is not None and found[1] == "ready" and _works_in(found[0], data)


def end_orphans(data: Path) -> None:
    """End what an earlier server left: itself when we were killed, its children when it was.

    Only the holder of the cluster's lock may ask for it. A process file that names nobody goes as
    well: a power cut may leave an empty one, and PostgreSQL would wait for somebody to remove it.
    """
    found = pid_file(data)
    if found is not None:
        _end_all([found[0]], data, ENDINGS)
    else:
        (data / "postmaster.pid").unlink(missing_ok=True)
    # Without their parent nothing orders the children's ends: they must leave the shared memory
    # as it is, which SIGQUIT tells them.
    _end_all(_processes(), data, ENDINGS[1:])


def _processes() -> Iterable[int]:
    return (int(process.name) for process in Path("/proc").glob("[0-9]*"))


def _end_all(pids: Iterable[int], data: Path, endings: Endings) -> None:
    """End those that work in this data, all at once."""
    with ExitStack() as handles:
        ours = []
        for pid in pids:
            if _works_in(pid, data):
                with suppress(ProcessLookupError):
                    ours.append(os.pidfd_open(pid))
                    handles.callback(os.close, ours[-1])
        _end(ours, endings)


def _works_in(pid: int, data: Path) -> bool:
    """PostgreSQL's processes live in their data folder, by whatever path they came to it."""
    process = Path("/proc", str(pid))
    try:
        program = (process / "exe").readlink().name
        return program.startswith("postgres") and (process / "cwd").samefile(data)
    except OSError:
        return False


def _end(handles: Iterable[int], endings: Endings) -> None:
    """Ask them to end, each time more firmly, until none is left."""
    left = set(handles)
    for ending, seconds in endings:
        for handle in left:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, ending)
        deadline = monotonic() + seconds
        while left and (more := deadline - monotonic()) > 0:
            left -= _ended(left, more)


def _ended(handles: Collection[int], within: float) -> set[int]:
    """Those that have ended, as soon as there are any."""
    waiting = select.poll()
    for handle in handles:
        waiting.register(handle, select.POLLIN)
    return {handle for handle, _ in waiting.poll(within * 1000)}
