"""A lock on what is being guessed at, whoever guesses and from wherever.

Limits slow one address down; this stops a thousand addresses that try one password each.

An attempt counts as a failure from its beginning, before the slow check of a password: a hundred
that are made at once are not a hundred guesses. Who turns out to be right says so.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LockoutRule:
    """So many failures within `period` seconds lock a key for `seconds` from the last of them."""

    tries: int = 10
    period: float = 900.0
    seconds: float = 900.0


class Lockout(Protocol):
    """Times are in seconds from the epoch. Raises LimitsUnavailable."""

    async def attempt(self, key: str, now: float) -> float | None:
        """Begin to try, which counts as a failure; or when the key opens again: it is locked."""

    async def withdraw(self, key: str) -> None:
        """The attempt was neither right nor wrong: it does not count."""

    async def succeeded(self, key: str) -> None:
        """Forget all failures."""
