"""Limits within one process."""

from collections import OrderedDict
from collections.abc import Sequence

from store.limits import WINDOW, Budget, Verdict, distinct
from store.limits.window import Window, moment, verdict

# About 40 MB. One key more forgets the one that was asked for the longest ago.
_MOST_KEYS = 100_000
# Old keys looked at in passing by each call: more than a call adds, so that they never pile up.
_SWEPT_AT_ONCE = 3


class LocalLimits:
    def __init__(self, *, most_keys: int = _MOST_KEYS) -> None:
        self._most_keys = most_keys
        # In the order of their last use, each with the moment at which it stands for nothing more.
        self._windows: OrderedDict[str, tuple[Window, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    async def take(
        self, budgets: Sequence[Budget], now: float, *, window: float = WINDOW
    ) -> Verdict:
        at, length = moment(now), moment(window)
        windows = [self._window(budget.key, at, length) for budget in distinct(budgets)]
        answer = verdict(budgets, windows, at, length)
        if answer.allowed:
            for budget, before in zip(budgets, windows, strict=True):
                used = before.used()
                self._windows[budget.key] = (used, used.start + 2 * length)
        self._forget_idle(at)
        return answer

    def _window(self, key: str, now: int, length: int) -> Window:
        if key not in self._windows:
            return Window(now)
        self._windows.move_to_end(key)
        return self._windows[key][0].at(now, length)

    def _forget_idle(self, now: int) -> None:
        for _ in range(_SWEPT_AT_ONCE):
            if self._windows and next(iter(self._windows.values()))[1] <= now:
                self._windows.popitem(last=False)
        while len(self._windows) > self._most_keys:
            self._windows.popitem(last=False)
