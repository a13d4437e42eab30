"""Locks that servers share, in Redis."""

from store.limits import LimitsUnavailable
from store.lockout import LockoutRule
from store.redis import RedisDown, Reply, Script, SharedRedis

_MILLISECOND = 1000

# KEYS: the list of failures, newest first, and the lock. ARGV: now, tries, period, seconds; all
# times in milliseconds.
_FAILED = Script("""
local failures, lock = KEYS[1], KEYS[2]
local now, tries, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = tonumber(redis.call('GET', lock) or 0)
if held > now then
  return held
end
redis.call('LPUSH', failures, ARGV[1])
redis.call('LTRIM', failures, 0, tries - 1)
redis.call('PEXPIRE', failures, period)
local first = redis.call('LINDEX', failures, tries - 1)
if not first or now - first >= period then
  return false
end
local ends = now + ARGV[4]
redis.call('DEL', failures)
redis.call('SET', lock, string.format('%.0f', ends), 'PX', ARGV[4])
return ends
""")


class RedisLockout:
    def __init__(self, redis: SharedRedis, rule: LockoutRule) -> None:
        self._redis = redis
        self._rule = rule

    async def failed(self, key: str, now: float) -> float | None:
        rule = self._rule
        arguments = [_ms(now), rule.tries, _ms(rule.period), _ms(rule.seconds)]
        try:
            until: int | None = await self._redis.call(
                _FAILED, [_failures(key), _lock(key)], arguments
            )
        except RedisDown as down:
            raise LimitsUnavailable(str(down)) from down
        return until / _MILLISECOND if until is not None else None

    async def locked(self, key: str, now: float) -> float | None:
        until = float(await self._run("GET", _lock(key)) or 0) / _MILLISECOND
        return until if until > now else None

    async def succeeded(self, key: str) -> None:
        await self._run("DEL", _failures(key))

    async def _run(self, *command: str) -> Reply:
        try:
            return await self._redis.run(*command)
        except RedisDown as down:
            raise LimitsUnavailable(str(down)) from down


def _ms(seconds: float) -> int:
    return round(seconds * _MILLISECOND)


def _failures(key: str) -> str:
    return f"lockout:failures:{key}"


def _lock(key: str) -> str:
    return f"lockout:lock:{key}"
