"""Hearth's own PostgreSQL, for a house that has no other.

In the cluster's folder:

    lock                    held by the process that runs it
    log/                    what the server and upgrades said
    run/                    the socket
    18/bin                  -> programs-18.6.3/…, the kept copy of the wheel's programs
    18/data                 the data
    17.kept-until-…/        an older version's data after an upgrade, for a while
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import psycopg2
from sqlalchemy import URL

from store.clock import Clock, SystemClock
from store.embedded import access, socket_folder
from store.embedded.account import Account
from store.embedded.errors import ClusterError, ClusterInUse, FolderClosed
from store.embedded.generation import Generation, remove_expired
from store.embedded.lock import FolderLock
from store.embedded.postmaster import LOOK, Postmaster, end_orphans, is_running, pid_file
from store.embedded.programs import Programs
from store.embedded.server import STOPPING, Server
from store.embedded.upgrade import upgrade

SETTINGS = {
    "cluster_name": "hearth",
    # A server process holds at most DATABASE_POOL_SIZE + DATABASE_MAX_OVERFLOW = 30 connections:
    # three times that for a neighbour, commands and a backup. An idle place costs next to nothing.
    "max_connections": "100",
    # A small board with 1 GB of memory has this much to spare, and a family's hot rows fit in it.
    "shared_buffers": "128MB",
    "fsync": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the details of errors hold what people write. Who asked gets the full error;
    # the log, which is kept, gets its first line.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

# Long enough to notice that something is missing, and to find the folder.
OLD_DATA_IS_KEPT = timedelta(days=14)

ANOTHERS_START = 60.0


def _silent(_line: str) -> None: ...


class Cluster:
    """All of it waits: call it from a thread, or before there is a loop."""

    def __init__(
        self,
        home: Path,
        *,
        say: Callable[[str], None] = _silent,
        settings: Mapping[str, str] | None = None,
        programs: Programs | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.home = home.resolve()
        self._say = say
        self._settings = SETTINGS | dict(settings or {})
        self._programs = programs
        self._clock = clock or SystemClock()
        self._lock = FolderLock(self.home / "lock")
        self._socket_folder = socket_folder.choose(self.home)
        self._server: Server | None = None

    @property
    def owner_url(self) -> str:
        """For migrations: owns the database and its schema."""
        return self.url(access.OWNER)

    @property
    def application_url(self) -> str:
        """For everything else: rows only."""
        return self.url(access.APPLICATION)

    @property
    def superuser_url(self) -> str:
        """For what neither role may do, such as copying whole databases in tests."""
        return self.url(access.SUPERUSER, access.MAINTENANCE)

    def url(self, role: str, database: str = access.DATABASE) -> str:
        where = {"host": str(self._socket_folder), "port": str(access.PORT)}
        return URL.create(
            "postgresql+aiopg", username=role, database=database, query=where
        ).render_as_string()

    def start(self) -> None:
        """Return once it accepts connections; `ClusterInUse` if another process runs it."""
        try:
            _make(self.home)
            self._lock.take()
        except PermissionError as error:
            raise FolderClosed(
                f"{error.filename} is closed to you: run hearth as the user it belongs to, "
                "or choose another folder with HEARTH_DATA_DIR"
            ) from None
        except OSError as error:
            raise FolderClosed(
                f"{error.filename or self.home} can't be used ({error.strerror}): "
                "choose another folder with HEARTH_DATA_DIR"
            ) from None
        try:
            self._start()
        except (OSError, psycopg2.Error) as error:
            self.stop()
            reason = " ".join(str(error).split())
            raise ClusterError(f"PostgreSQL in {self.home} did not start: {reason}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self, seconds: float = STOPPING) -> None:
        """End it in good order, or by force if that takes longer; nothing if we do not run it."""
        if not self._lock.held:
            return
        self._end_server(seconds)
        socket_folder.remove(self._socket_folder)
        self._lock.release()

    def is_running(self) -> bool:
        """Whether anybody, this process or another, serves it at this moment."""
        return any(is_running(generation.data) for generation in Generation.all_in(self.home))

    @contextmanager
    def shared(self) -> Iterator[None]:
        """For a command: use the running server's PostgreSQL, or run it for this long."""
        ours = self._start_or_join()
        try:
            yield
        finally:
            if ours:
                self.stop()

    def _start_or_join(self) -> bool:
        for _ in range(int(ANOTHERS_START / LOOK)):
            try:
                self.start()
            except ClusterInUse:
                # It may be on its way up, or down: then it is soon ours to start.
                if self.is_running():
                    return False
                time.sleep(LOOK)
            else:
                return True
        raise ClusterInUse(f"another process holds {self.home} and serves nothing: stop it first")

    def _start(self) -> None:
        generations = Generation.all_in(self.home)
        owner = generations[-1].data.stat().st_uid if generations else None
        account = Account.choose(self.home, owner)
        socket_folder.prepare(self._socket_folder, account)
        current = self._current(generations, account)
        self._serve(current, account)
        access.grant(self._socket_folder)
        for major in remove_expired(self.home, self._today()):
            self._say(f"removed the data that PostgreSQL {major} had left, its time was over")

    def _current(self, generations: list[Generation], account: Account) -> Generation:
        programs = self._programs or Programs.of_wheel()
        if not generations:
            self._say(f"making a database with PostgreSQL {programs.release} in {self.home}")
            return Generation.make(self.home, programs, account, durable=self._durable).settle()
        for data in self.home.glob("*/data"):
            end_orphans(data)
        newest = generations[-1]
        if newest.major == programs.major and programs.keep_in(newest.folder):
            self._say(f"PostgreSQL is {programs.release} from now on")
        if newest.major < programs.major:
            newest = self._upgraded(newest, programs, account)
        for older in Generation.all_in(self.home)[:-1]:
            until = self._today() + OLD_DATA_IS_KEPT
            older.set_aside(until)
            self._say(f"PostgreSQL {older.major}'s data is kept until {until}")
        return newest

    def _upgraded(self, old: Generation, programs: Programs, account: Account) -> Generation:
        self._say(
            f"upgrading the data of PostgreSQL {old.major} to {programs.release} on a copy; "
            "that may take minutes"
        )
        if pid_file(old.data) is not None:
            # It was not shut down in good order, and only its own programs can make up for that.
            self._serve(old, account)
            self._end_server()
        return upgrade(
            old,
            programs,
            account,
            socket_folder=self._socket_folder,
            log=self.home / "log" / "upgrade.log",
            durable=self._durable,
        )

    def _serve(self, generation: Generation, account: Account) -> None:
        access.write_rules(account, generation.data)
        settings = self._settings | {
            "listen_addresses": "",
            "port": str(access.PORT),
            "unix_socket_directories": f'"{account.sees(self._socket_folder)}"',
        }
        command = [
            generation.program("postgres", account),
            *("-D", account.sees(generation.data)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ]
        log = self.home / "log" / "postgresql.log"
        start = partial(Postmaster, account.command(command), generation.data, log)
        self._server = Server(start, generation.data, self._say)
        self._server.wait_until_ready()

    def _end_server(self, seconds: float = STOPPING) -> None:
        if self._server is not None:
            self._server.stop(seconds)
            self._server = None

    @property
    def _durable(self) -> bool:
        return self._settings["fsync"] != "off"

    def _today(self) -> date:
        return self._clock.now().date()


def _make(home: Path) -> None:
    if not home.exists():
        home.mkdir(parents=True)
        home.chmod(0o755)
    (home / "log").mkdir(mode=0o700, exist_ok=True)
