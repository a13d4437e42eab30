"""A real Redis for the tests, on a Unix socket in a folder of its own."""

import asyncio
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

import pytest

from store.clock import SystemClock
from store.redis import Script, SharedRedis

# Far beyond what a busy machine takes: only tests of an outage want a short one.
PATIENCE = 20.0
_START_SECONDS = 20.0


class RedisServer:
    """Keeps nothing on disk: a restarted server is an empty one."""

    def __init__(self, folder: Path, *, password: str | None = None) -> None:
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, unless it runs."""
        if self._process is not None:
            return
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("The tests need redis-server; tests/setup.sh installs it.")
        self._process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._folder)]
            + ["--save", "", "--appendonly", "no", "--logfile", "redis.log"]
            + (["--requirepass", self._password] if self._password else [])
        )
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                pytest.fail(f"Redis did not start: {(self._folder / 'redis.log').read_text()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """Gone without a word, and with all that it knew."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.socket.unlink(missing_ok=True)

    async def stopped(self) -> None:
        await asyncio.to_thread(self.kill)

    async def started(self) -> None:
        await asyncio.to_thread(self.start)

    async def restarted(self) -> None:
        await self.stopped()
        await self.started()

    def freeze(self) -> None:
        """It accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
            probe.sendall(b"PING\r\n")
            return probe.recv(1) in {b"+", b"-"}


# What waiting would do, at once: everything comes this much closer to its end. The sorted sets that
# we keep are scored by the time at which a thing ends.
_AGE = Script("""
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' then
    for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      redis.call('ZINCRBY', key, -ARGV[1], member)
    end
  end
  local left = redis.call('PTTL', key)
  if left >= 0 then
    redis.call('PEXPIRE', key, left - ARGV[1])
  end
end
""")


async def age(redis: SharedRedis, seconds: float) -> None:
    await redis.call(_AGE, [], [round(seconds * 1000)])


@pytest.fixture(scope="session")
def shared_redis_server() -> Iterator[RedisServer]:
    # Not pytest's own temporary folder: a socket's path has at most about a hundred characters.
    with (
        tempfile.TemporaryDirectory(prefix="hearth-") as folder,
        RedisServer(Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def redis_server(shared_redis_server: RedisServer) -> RedisServer:
    """Running, whatever the test before did to it."""
    shared_redis_server.start()
    return shared_redis_server


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[SharedRedis]:
    """A patient connection to an empty Redis."""
    async with SharedRedis(redis_server.url, SystemClock(), patience=PATIENCE) as redis:
        await redis.run("FLUSHALL")
        yield redis


@pytest.fixture
async def second_redis(redis_server: RedisServer) -> AsyncIterator[SharedRedis]:
    """Another server's connection to the same Redis."""
    async with SharedRedis(redis_server.url, SystemClock(), patience=PATIENCE) as redis:
        yield redis
