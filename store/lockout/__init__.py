"""A lock on what is being guessed at, whoever guesses and from wherever.

Limits slow one address down; this stops a thousand addresses that try one password each.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LockoutRule:
    """So many failures within `period` seconds lock a key for `seconds`."""

    tries: int = 10
    period: float = 900.0
    seconds: float = 900.0


class Lockout(Protocol):
    """Times are in seconds from the epoch. Raises LimitsUnavailable."""

    async def failed(self, key: str, now: float) -> float | None:
        """Note a failure; returns when the key opens again if it is locked, by this or before."""

    async def locked(self, key: str, now: float) -> float | None:
        """When the key opens again, if it is locked."""

    async def succeeded(self, key: str) -> None:
        """Forget the failures. A lock stays: it may have come of somebody else's guesses."""
