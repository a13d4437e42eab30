"""The arithmetic of a sliding window, in whole microseconds.

Whole numbers, because "wait exactly this long" must hold to the end: with fractions a caller who
comes back on the dot may be told to wait another billionth of a second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from store.limits import Budget, Verdict

_MICROSECOND = 1_000_000
# A time that went through floating point can be off by less than this; whoever is let in early by
# it would otherwise be sent away by it.
_ROUNDING = 1


def moment(seconds: float) -> int:
    return math.floor(seconds * _MICROSECOND)


@dataclass(frozen=True, slots=True)
class Window:
    start: int
    count: int = 0
    before: int = 0
    """How much was used in the window that ended at `start`."""

    def at(self, now: int, length: int) -> "Window":
        """The window that `now` falls into."""
        age = now + _ROUNDING - self.start
        if age >= 2 * length or age < -length:
            # Long unused; or begun by a clock that has been set back since, and would stay shut.
            return Window(now)
        if age >= length:
            return Window(self.start + length, before=self.count)
        return self

    def used(self) -> "Window":
        return replace(self, count=self.count + 1)

    def allows(self, limit: int, now: int, length: int) -> bool:
        return self._weight(now, length) + (self.count + 1) * length <= limit * length

    def remaining(self, limit: int, now: int, length: int) -> int:
        return max(0, limit - self.count - math.ceil(self._weight(now, length) / length))

    def ends_after(self, now: int, length: int) -> int:
        return max(0, self.start + length - now)

    def wait(self, limit: int, now: int, length: int) -> int:
        """How long until one more is allowed, if nobody else uses the key meanwhile."""
        spare = limit - self.count - 1
        if spare >= 0:
            free = self.start + _until_weight(spare, self.before, length)
        else:
            free = self.start + length + _until_weight(limit - 1, self.count, length)
        return max(0, free - now)

    def _weight(self, now: int, length: int) -> int:
        """What is left of the window before, times `length`.

        One use of it is known to have been at its very start, and has gone by now; the others are
        taken as spread evenly. That lets a spent budget open again exactly one window after it was
        first used, be it as small as one use.
        """
        passed = min(max(0, now + _ROUNDING - self.start), length)
        return max(0, self.before - 1) * (length - passed)


def _until_weight(spare: int, before: int, length: int) -> int:
    """How far into a window what is left of the one before has shrunk to `spare` uses."""
    spread = before - 1
    return length - spare * length // spread if spread > spare else 0


def verdict(budgets: Sequence[Budget], windows: Sequence[Window], now: int, length: int) -> Verdict:
    """The verdict on one more use of each window, as it stands before that use."""
    pairs = list(zip(budgets, windows, strict=True))
    shut = [pair for pair in pairs if not pair[1].allows(pair[0].limit, now, length)]
    if shut:
        budget, window = max(shut, key=lambda pair: pair[1].wait(pair[0].limit, now, length))
        remaining, wait = 0, window.wait(budget.limit, now, length)
    else:
        budget, window = min(
            ((budget, window.used()) for budget, window in pairs),
            key=lambda pair: pair[1].remaining(pair[0].limit, now, length),
        )
        remaining, wait = window.remaining(budget.limit, now, length), 0
    return Verdict(
        allowed=not shut,
        limit=budget.limit,
        remaining=remaining,
        # A limit that was lowered can keep a key shut beyond its window.
        reset_after=max(window.ends_after(now, length), wait) / _MICROSECOND,
        retry_after=wait / _MICROSECOND,
    )
