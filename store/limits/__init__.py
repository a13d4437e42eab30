"""How often something may be done: so many times in a window, by each key.

A window begins with a key's first use, so that a whole budget can always be spent at once and never
more than it; what was used in the window before counts for less and less while the new one passes.
That takes three numbers a key, however large the budget. Its price, known and accepted: the window
before is taken as evenly used, so a burst at its very end is forgiven a little early.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from store.outage import Outage

WINDOW = 60.0


class LimitsUnavailable(Outage):
    """Nobody can say how often this was done; the caller decides whether that means no."""


@dataclass(frozen=True, slots=True)
class Budget:
    key: str
    limit: int

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"A budget allows at least one use; {self.key!r} has {self.limit}.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The tightest of the budgets asked for. Times are seconds from now."""

    allowed: bool
    limit: int
    remaining: int
    reset_after: float
    """When the window ends; at least one more use is free by then."""
    retry_after: float
    """When exactly one more use is free in every budget; 0 if this one was allowed."""


class Limits(Protocol):
    async def take(
        self, budgets: Sequence[Budget], now: float, *, window: float = WINDOW
    ) -> Verdict:
        """Take one use from each budget, or from none if any of them is spent.

        `now` is in seconds from the epoch, and must be about the same on every server. A limit may
        be another one at each call. Raises LimitsUnavailable.
        """


def distinct(budgets: Sequence[Budget]) -> Sequence[Budget]:
    """The budgets, after a look at what neither implementation could give a meaning to."""
    if not budgets or len({budget.key for budget in budgets}) < len(budgets):
        raise ValueError("Name at least one budget, and each key once.")
    return budgets
