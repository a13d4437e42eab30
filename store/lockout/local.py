"""Locks within one process."""

from collections import OrderedDict, deque

from store.lockout import LockoutRule

# Failures are forgotten before locks are: a lock took ten of them to make.
_MOST_KEYS = 100_000


class LocalLockout:
    def __init__(self, rule: LockoutRule, *, most_keys: int = _MOST_KEYS) -> None:
        self._rule = rule
        self._most_keys = most_keys
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._locks: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures) + len(self._locks)

    async def failed(self, key: str, now: float) -> float | None:
        until = await self.locked(key, now)
        if until is not None:
            return until
        failures = self._failures.setdefault(key, deque(maxlen=self._rule.tries))
        self._failures.move_to_end(key)
        failures.append(now)
        if len(failures) == self._rule.tries and now - failures[0] < self._rule.period:
            del self._failures[key]
            until = self._locks[key] = now + self._rule.seconds
            self._locks.move_to_end(key)
        self._forget_old(now)
        return until

    async def locked(self, key: str, now: float) -> float | None:
        until = self._locks.get(key)
        return until if until is not None and until > now else None

    async def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)

    def _forget_old(self, now: float) -> None:
        """Both are in the order of their last change, so the oldest are the first to be over."""
        while self._failures and self._oldest_failure() + self._rule.period <= now:
            self._failures.popitem(last=False)
        while self._locks and next(iter(self._locks.values())) <= now:
            self._locks.popitem(last=False)
        for kept in (self._failures, self._locks):
            while len(kept) > self._most_keys:
                kept.popitem(last=False)

    def _oldest_failure(self) -> float:
        return next(iter(self._failures.values()))[-1]
