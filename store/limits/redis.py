"""Limits that servers share, in Redis: one script decides and counts, so that no two uses race."""

from collections.abc import Sequence

from store.limits import WINDOW, Budget, LimitsUnavailable, Verdict, distinct
from store.limits.window import Window, moment, verdict
from store.redis import RedisDown, Script, SharedRedis

# KEYS: one hash for each budget. ARGV: now, the window's length, then each budget's limit. Returns
# start, count and before of each window as they were before this use. What is decided here is
# `Window.at` and `Window.allows`, and exact like them: all numbers stay far below 2^53.
_TAKE = Script("""
local now, length = tonumber(ARGV[1]), tonumber(ARGV[2])
local windows, allowed = {}, true
for i, key in ipairs(KEYS) do
  local kept = redis.call('HMGET', key, 'start', 'count', 'before')
  local start = tonumber(kept[1] or now)
  local count, before = tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  local age = now + 1 - start
  if age >= 2 * length or age < -length then
    start, count, before = now, 0, 0
  elseif age >= length then
    start, count, before = start + length, 0, count
  end
  local passed = math.min(math.max(0, now + 1 - start), length)
  local weight = math.max(0, before - 1) * (length - passed)
  allowed = allowed and weight + (count + 1) * length <= ARGV[2 + i] * length
  windows[i] = {start, count, before}
end
if allowed then
  for i, key in ipairs(KEYS) do
    local start, count, before = unpack(windows[i])
    redis.call('HSET', key,
      'start', string.format('%.0f', start), 'count', count + 1, 'before', before)
    redis.call('PEXPIRE', key, math.ceil(2 * length / 1000))
  end
end
return windows
""")


class RedisLimits:
    def __init__(self, redis: SharedRedis) -> None:
        self._redis = redis

    async def take(
        self, budgets: Sequence[Budget], now: float, *, window: float = WINDOW
    ) -> Verdict:
        at, length = moment(now), moment(window)
        keys = [f"limit:{budget.key}" for budget in distinct(budgets)]
        try:
            kept = await self._redis.call(
                _TAKE, keys, [at, length, *(budget.limit for budget in budgets)]
            )
        except RedisDown as down:
            raise LimitsUnavailable(str(down)) from down
        return verdict(budgets, [Window(*numbers) for numbers in kept], at, length)
