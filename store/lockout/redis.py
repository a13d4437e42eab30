"""Locks that servers share, in Redis."""

from store.limits import LimitsUnavailable
from store.lockout import LockoutRule
from store.redis import RedisDown, Reply, Script, SharedRedis

_MILLISECOND = 1000

# KEYS: the list of failures, newest first. ARGV: now, tries, period, seconds; all times in
# milliseconds.
_ATTEMPT = Script("""
local failures = KEYS[1]
local now, tries = tonumber(ARGV[1]), tonumber(ARGV[2])
local period, seconds = tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('LLEN', failures) >= tries then
  local ends = redis.call('LINDEX', failures, 0) + seconds
  if now < ends then
    return string.format('%.0f', ends)
  end
  redis.call('DEL', failures)
end
while redis.call('LLEN', failures) > 0 and redis.call('LINDEX', failures, -1) + period <= now do
  redis.call('RPOP', failures)
end
redis.call('LPUSH', failures, ARGV[1])
redis.call('PEXPIRE', failures, math.max(period, seconds))
return false
""")


class RedisLockout:
    def __init__(self, redis: SharedRedis, rule: LockoutRule) -> None:
        self._redis = redis
        self._rule = rule

    async def attempt(self, key: str, now: float) -> float | None:
        rule = self._rule
        arguments = [_ms(now), rule.tries, _ms(rule.period), _ms(rule.seconds)]
        try:
            until: str | None = await self._redis.call(_ATTEMPT, [_failures(key)], arguments)
        except RedisDown as down:
            raise LimitsUnavailable(str(down)) from down
        return float(until) / _MILLISECOND if until is not None else None

    async def withdraw(self, key: str) -> None:
        await self._run("LPOP", _failures(key))

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
    return f"lockout:{key}"
