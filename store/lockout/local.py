"""Locks within one process."""

from collections import OrderedDict, deque

from store.lockout import LockoutRule

_MOST_KEYS = 100_000


class LocalLockout:
    def __init__(self, rule: LockoutRule, *, most_keys: int = _MOST_KEYS) -> None:
        self._rule = rule
        self._most_keys = most_keys
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    async def attempt(self, key: str, now: float) -> float | None:
        rule = self._rule
        failures = self._failures.setdefault(key, deque(maxlen=rule.tries))
        if len(failures) == rule.tries:
            until = failures[-1] + rule.seconds
            if now < until:
                return until
            failures.clear()
        while failures and failures[0] + rule.period <= now:
            failures.popleft()
        failures.append(now)
        self._failures.move_to_end(key)
        self._forget_old(now)
        return None

    async def withdraw(self, key: str) -> None:
        failures = self._failures.get(key)
        if failures:
            failures.pop()

    async def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)

    def _forget_old(self, now: float) -> None:
        """They are in the order of their last attempt, so the oldest are the first to be over."""
        life = max(self._rule.period, self._rule.seconds)
        while self._failures:
            oldest = next(iter(self._failures.values()))
            if oldest and oldest[-1] + life > now and len(self._failures) <= self._most_keys:
                return
            self._failures.popitem(last=False)
