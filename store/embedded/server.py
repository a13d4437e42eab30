"""A PostgreSQL that is there until it is told to stop, whatever becomes of its processes."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

from store.embedded.errors import ClusterError
from store.embedded.postmaster import Postmaster, end_orphans

# What ended it may be over at once, or after hours: it is tried soon, and then ever more rarely.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# One that comes and goes does not begin anew with the shortest pause each time.
CALM = 60.0
# What it may take to write everything down, where nothing else sets a limit.
STOPPING = 9.0


class Server:
    """One postmaster after another, and a thread that sees to it."""

    def __init__(
        self, start: Callable[[], Postmaster], data: Path, say: Callable[[str], None]
    ) -> None:
        self._start = start
        self._data = data
        self._say = say
        self._postmaster = start()
        # Whoever replaces the postmaster and whoever stops it take turns.
        self._turn = Lock()
        self._is_stopping = Event()
        self._pause = FIRST_PAUSE
        self._watch = Thread(target=self._keep_watch, name="postgres-watch", daemon=True)

    def wait_until_ready(self) -> None:
        self._postmaster.wait_until_ready()
        self._watch.start()

    def stop(self, seconds: float) -> None:
        self._is_stopping.set()
        with self._turn:
            postmaster = self._postmaster
        postmaster.stop(seconds)
        if self._watch.ident is not None:
            self._watch.join()

    def _keep_watch(self) -> None:
        while not self._is_stopping.is_set():
            if not self._postmaster.ends_within(CALM):
                self._pause = FIRST_PAUSE
                self._postmaster.ends_within(None)
            if not self._is_stopping.is_set():
                reason = self._postmaster.complaint()
                self._say(f"PostgreSQL has ended unasked ({reason}); it is started again")
                self._bring_back()

    def _bring_back(self) -> None:
        told = ""
        while not self._is_stopping.wait(self._pause):
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            problem = self._start_again()
            if self._is_stopping.is_set():
                return
            if problem is None:
                self._say("PostgreSQL is back")
                return
            if problem != told:
                self._say(f"{problem}; it is tried again until it does")
                told = problem

    def _start_again(self) -> str | None:
        """What is in the way; None: nothing."""
        self._postmaster.stop(STOPPING)
        end_orphans(self._data)
        try:
            with self._turn:
                if self._is_stopping.is_set():
                    return None
                self._postmaster = self._start()
            self._postmaster.wait_until_ready()
        except (ClusterError, OSError) as error:
            return str(error)
        return None
