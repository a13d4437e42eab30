"""Leases that servers share, in Redis.

A lease is a hash that expires. The fence comes from Redis's clock, in microseconds, and is in any
case above the last one: it goes on rising when Redis comes back with nothing in it.
"""

from store.clock import Clock
from store.leases import Lease
from store.redis import Script, SharedRedis

# KEYS: the lease, the last fence. ARGV: holder, milliseconds.
_ACQUIRE = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then
  return false
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, now)
local written = string.format('%.0f', fence)
redis.call('SET', KEYS[2], written)
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'fence', written)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return fence
""")

# KEYS: the lease. ARGV: fence, milliseconds.
_EXTEND = Script("""
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")

# KEYS: the lease. ARGV: fence.
_DROP = Script("""
if redis.call('HGET', KEYS[1], 'fence') == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
""")

_LAST_FENCE = "lease:fence"


class RedisLeases:
    def __init__(self, redis: SharedRedis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        asked_at = self._clock.monotonic()
        fence: int | None = await self._redis.call(
            _ACQUIRE, [_key(name), _LAST_FENCE], [holder, _ms(seconds)]
        )
        if fence is None:
            return None
        return Lease(
            self,
            self._clock,
            name=name,
            holder=holder,
            fence=fence,
            seconds=seconds,
            asked_at=asked_at,
        )

    async def holder(self, name: str) -> str | None:
        holder: str | None = await self._redis.run("HGET", _key(name), "holder")
        return holder

    async def extend(self, name: str, fence: int, seconds: float) -> bool:
        return bool(await self._redis.call(_EXTEND, [_key(name)], [fence, _ms(seconds)]))

    async def drop(self, name: str, fence: int) -> None:
        await self._redis.call(_DROP, [_key(name)], [fence])


def _key(name: str) -> str:
    return f"lease:held:{name}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
