"""Passwords and PINs as they are kept: Argon2id, worked out beside the event loop."""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Secret

from api.errors import Unavailable
from api.settings.declare import whole_number
from api.settings.live import LiveSettings

# 19 MiB in two passes: what OWASP's password storage sheet asks for at least, and still quick on a
# small computer at home. Whoever has a larger one asks for more.
TIME_COST = whole_number(
    "argon2_time_cost",
    default=2,
    minimum=1,
    maximum=20,
    description="How many passes a password's hash takes. Raised, it counts from everybody's next"
    " sign-in on.",
)
MEMORY_KIB = whole_number(
    "argon2_memory_kib",
    default=19_456,
    minimum=8_192,
    maximum=1_048_576,
    description="How much memory a password's hash takes, in KiB. Raised, it counts from"
    " everybody's next sign-in on.",
)

# One core stays free for everybody else: the hash is there to be slow.
_THREADS = max(1, (os.cpu_count() or 2) - 1)
# Behind so many others nobody would wait for their turn: it is better to say so at once.
_MOST_WAITING = 256

T = TypeVar("T")


class Hashing:
    """A bounded crew of threads; argon2 lets go of the interpreter while it works."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # What a name without an account is checked against, so that it takes as long.
        self._nobody: tuple[tuple[int, int], str] | None = None

    async def hash(self, secret: Secret[str]) -> str:
        hasher = self._hasher()
        return await self._run(lambda: hasher.hash(_letters(secret)))

    async def verify(self, kept: str | None, secret: Secret[str]) -> bool:
        """Whether that is the secret. Nothing kept: no, after as long as it would have taken."""
        hash_ = kept if kept is not None else await self._hash_of_nobody()
        hasher = self._hasher()
        fits = await self._run(lambda: _fits(hasher, hash_, secret))
        return fits and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether the settings have risen since it was made."""
        return self._hasher().check_needs_rehash(kept)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _hash_of_nobody(self) -> str:
        cost = self._cost()
        if self._nobody is None or self._nobody[0] != cost:
            self._nobody = (cost, await self.hash(Secret(os.urandom(16).hex())))
        return self._nobody[1]

    def _cost(self) -> tuple[int, int]:
        return self._settings[TIME_COST], self._settings[MEMORY_KIB]

    def _hasher(self) -> PasswordHasher:
        time_cost, memory = self._cost()
        return PasswordHasher(time_cost=time_cost, memory_cost=memory, parallelism=1)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable(
                "Too many people are signing in at once. Try again in a moment.", retry_after=5
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _fits(hasher: PasswordHasher, kept: str, secret: Secret[str]) -> bool:
    try:
        return hasher.verify(kept, _letters(secret))
    except (VerificationError, InvalidHashError):
        return False


def _letters(secret: Secret[str]) -> str:
    # RFC 8265, 4.2: two keyboards may spell the same letters in two ways.
    return unicodedata.normalize("NFC", secret.get_secret_value())
