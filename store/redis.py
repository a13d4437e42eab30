"""The Redis that servers share: how it is reached, and how they notice that it is away.

Every call is short (a command or a small script), so a late answer is as bad as none: a call that
waits longer than `patience` fails, and after a failure the calls of the next moments fail at once
instead of waiting one after the other. The first call after that rest finds out whether Redis is
back. Nothing is tried twice here: a script may have run although its answer never came, and only
the caller knows whether running it again would do harm.
"""

import asyncio
import hashlib
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from store.clock import Clock
from store.outage import Outage

# What a script returns is between it and its caller.
Reply: TypeAlias = Any
_logger = structlog.get_logger("hearth")

# The client logs every push it receives at DEBUG, and what passes over the bus is nobody's to read.
logging.getLogger("push_response").setLevel(logging.INFO)

# Scripts take well under a millisecond; more connections would only queue inside Redis instead.
_CONNECTIONS = 16
_CLOSING_SECONDS = 1.0
_ADDRESS_OPTIONS = frozenset(
    {"connection_class", "host", "port", "path", "db", "username", "password"}
)


_WRITE = "redis.call('SET', KEYS[1], '') return redis.call('DEL', KEYS[1])"


class RedisDown(Outage):
    """Redis can't be reached, is too slow, or refuses to work."""


class WrongRedisUrl(ValueError):
    """The address of Redis can't be read. The message never repeats it: it may hold a password."""


@dataclass(frozen=True, slots=True)
class Script:
    """A piece of Lua that Redis runs without anything else in between."""

    source: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "digest", digest)


class SharedRedis:
    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        name: str = "hearth",
        patience: float = 0.25,
        rest: float = 1.0,
    ) -> None:
        """`name` is what `CLIENT LIST` shows; `url` may carry a password and is not kept."""
        options = _address(url)
        self.place = options.get("path") or (
            f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        )
        pool = ConnectionPool(
            **options,
            client_name=name,
            decode_responses=True,
            # RESP3 lets the bus publish and listen on one connection.
            protocol=3,
            # A feature of hosted clusters; asking for it costs every connection a round trip.
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            driver_info=None,
            # The deadline of a call covers connecting, sending and reading together.
            socket_timeout=None,
            socket_connect_timeout=_CLOSING_SECONDS,
        )
        self._client = Redis.from_pool(pool)
        self._execute: Callable[..., Awaitable[Reply]] = self._client.execute_command
        self._make_connection: Callable[[], AbstractConnection] = pool.make_connection
        self._clock = clock
        self._patience = patience
        self._rest = rest
        self._down = False
        self._resting_until = -math.inf
        self._silent_until = -math.inf
        # A burst waits here, before its deadline begins: our own queue is not Redis's fault.
        self._free_connections = asyncio.Semaphore(_CONNECTIONS)

    def __repr__(self) -> str:
        return f"<SharedRedis {self.place}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def call(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]
    ) -> Reply:
        """Run a script; raises RedisDown."""
        try:
            return await self.run("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # Redis was restarted, or never saw it. EVAL leaves it behind for the next time.
            return await self.run("EVAL", script.source, len(keys), *keys, *arguments)

    async def run(self, *command: str | int) -> Reply:
        """Run one command; raises RedisDown."""
        async with self._free_connections:
            self._refuse_while_resting()
            return await self._ask(command)

    async def check(self) -> None:
        """See whether Redis does what we need, even while calls are refused; raises RedisDown.

        One that is full or read-only answers, and yet nobody could sign in.
        """
        await self._ask(("EVAL", _WRITE, 1, "check"))

    async def connect(self) -> AbstractConnection:
        """A connection outside the pool, for one who keeps it and disconnects it."""
        connection = self._make_connection()
        try:
            async with asyncio.timeout(self._patience):
                await connection.connect_check_health(retry_socket_connect=False)
        except (OSError, RedisError) as error:
            await connection.disconnect(nowait=True)
            raise RedisDown(self._advice(error)) from error
        except asyncio.CancelledError:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _ask(self, command: Sequence[str | int]) -> Reply:
        try:
            async with asyncio.timeout(self._patience):
                reply = await self._execute(*command)
        except ResponseError as error:
            # It answers, so there is nothing to wait for.
            self._note_answer()
            if isinstance(error, NoScriptError):
                raise
            self._note_refusal(error)
            raise RedisDown(f"Redis at {self.place} refused to work: {error}") from error
        except (OSError, RedisError) as error:
            self._note_failure(error)
            raise RedisDown(self._advice(error)) from error
        self._note_answer()
        return reply

    def _refuse_while_resting(self) -> None:
        now = self._clock.monotonic()
        if now < self._resting_until:
            raise RedisDown(f"Redis at {self.place} did not answer a moment ago.")
        if self._down:
            # This call finds out; those beside it need not wait for it.
            self._resting_until = now + self._rest

    def _note_refusal(self, error: Exception) -> None:
        # Out of memory, read-only, a full disk: every call meets it, and one line a second will do.
        now = self._clock.monotonic()
        if now >= self._silent_until:
            _logger.error("redis_refused", redis=self.place, reason=str(error))
            self._silent_until = now + 1

    def _note_failure(self, error: Exception) -> None:
        if not self._down:
            _logger.warning("redis_lost", redis=self.place, reason=reason_of(error))
        self._down = True
        self._resting_until = self._clock.monotonic() + self._rest

    def _note_answer(self) -> None:
        if self._down:
            _logger.info("redis_back", redis=self.place)
        self._down = False
        self._resting_until = -math.inf

    def _advice(self, error: Exception) -> str:
        return (
            f"Redis at {self.place} can't be used ({reason_of(error)})."
            " Start it, or correct REDIS_URL."
        )


def reason_of(error: BaseException) -> str:
    """What to say of an error that may have no words of its own, as a time-out has none."""
    return str(error) or type(error).__name__


def _address(url: str) -> dict[str, Any]:
    try:
        options: dict[str, Any] = dict(parse_url(url))
    except ValueError:
        # Its message may quote a piece of the password, so it goes no further.
        raise WrongRedisUrl(
            "REDIS_URL must look like redis://[user:password@]host:6379/0, rediss://… or"
            " unix:///path; percent-encode special characters in the password."
        ) from None
    if not all(map(_is_address_option, options)):
        # Not naming it: a question mark in a password makes an option of the rest of it.
        raise WrongRedisUrl(
            "REDIS_URL may set db, username, password and ssl_…; the server decides all else."
        )
    return options


def _is_address_option(name: str) -> bool:
    return name in _ADDRESS_OPTIONS or name.startswith("ssl_")
