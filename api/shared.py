"""What several servers share: through Redis if there is one, else inside the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.configuration import Configuration
from api.failure import WrongConfiguration
from store.bus import Bus
from store.bus.local import LocalBus
from store.bus.redis import RedisBus
from store.clock import Clock
from store.leases import Leases
from store.leases.local import LocalLeases
from store.leases.redis import RedisLeases
from store.limits import Limits
from store.limits.local import LocalLimits
from store.limits.redis import RedisLimits
from store.lockout import Lockout, LockoutRule
from store.lockout.local import LocalLockout
from store.lockout.redis import RedisLockout
from store.presence import Presence
from store.presence.local import LocalPresence
from store.presence.redis import RedisPresence
from store.redis import SharedRedis, WrongRedisUrl

# Ten wrong passwords for one account lock it for a quarter of an hour.
_PASSWORDS = LockoutRule(tries=10, period=900, seconds=900)


@dataclass(frozen=True, slots=True)
class Shared:
    bus: Bus
    presence: Presence
    limits: Limits
    leases: Leases
    passwords: Lockout
    redis: SharedRedis | None = None


@asynccontextmanager
async def shared_state(configuration: Configuration, clock: Clock) -> AsyncIterator[Shared]:
    ttl = configuration.heartbeat_ttl
    if configuration.redis_url is None:
        yield Shared(
            LocalBus(),
            LocalPresence(ttl, clock),
            LocalLimits(),
            LocalLeases(clock),
            LocalLockout(_PASSWORDS),
        )
        return
    try:
        shared_redis = SharedRedis(configuration.redis_url.get_secret_value(), clock)
    except WrongRedisUrl as wrong:
        raise WrongConfiguration(f"REDIS_URL: {wrong}") from None
    async with (
        shared_redis as redis,
        RedisBus(redis, configuration.server_id, clock) as bus,
    ):
        yield Shared(
            bus,
            RedisPresence(redis, ttl),
            RedisLimits(redis),
            RedisLeases(redis, clock),
            RedisLockout(redis, _PASSWORDS),
            redis,
        )
