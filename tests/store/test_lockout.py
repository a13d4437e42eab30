import asyncio

import pytest

from store.clock import SystemClock
from store.limits import LimitsUnavailable
from store.lockout import Lockout, LockoutRule
from store.lockout.local import LocalLockout
from store.lockout.redis import RedisLockout
from store.redis import SharedRedis
from tests.support.redis import RedisServer, age

NOW = 1_772_366_400.0
RULE = LockoutRule()
KEY = "password:u_1"


@pytest.fixture(params=["local", "redis"])
def lockout(request: pytest.FixtureRequest, redis: SharedRedis) -> Lockout:
    return LocalLockout(RULE) if request.param == "local" else RedisLockout(redis, RULE)


async def fail(lockout: Lockout, times: int, now: float) -> None:
    for _ in range(times):
        assert await lockout.failed(KEY, now) is None


async def test_the_tenth_failure_locks_for_fifteen_minutes(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    assert await lockout.locked(KEY, NOW) is None
    assert await lockout.failed(KEY, NOW + 10) == NOW + 910
    assert await lockout.locked(KEY, NOW + 909) == NOW + 910
    assert await lockout.locked(KEY, NOW + 910) is None


async def test_another_key_stays_open(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    await lockout.failed(KEY, NOW)
    assert await lockout.locked("password:u_2", NOW) is None
    assert await lockout.failed("password:u_2", NOW) is None


async def test_a_success_forgets_the_failures(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    await lockout.succeeded(KEY)
    await fail(lockout, 9, NOW)


async def test_a_success_does_not_open_a_lock(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    until = await lockout.failed(KEY, NOW)
    await lockout.succeeded(KEY)
    assert await lockout.locked(KEY, NOW) == until


async def test_failures_spread_over_more_than_the_period_do_not_lock(lockout: Lockout) -> None:
    for i in range(40):
        assert await lockout.failed(KEY, NOW + i * 100) is None


async def test_the_last_ten_failures_count_whenever_the_first_one_was(lockout: Lockout) -> None:
    await fail(lockout, 5, NOW)
    await fail(lockout, 9, NOW + 900)
    assert await lockout.failed(KEY, NOW + 901) == NOW + 901 + 900


async def test_failing_at_a_lock_does_not_lengthen_it(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    until = await lockout.failed(KEY, NOW)
    assert await lockout.failed(KEY, NOW + 500) == until


async def test_after_a_lock_all_tries_are_free_again(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    await lockout.failed(KEY, NOW)
    await fail(lockout, 9, NOW + 900)
    assert await lockout.failed(KEY, NOW + 900) == NOW + 1800


async def test_failures_at_the_same_moment_all_count(lockout: Lockout) -> None:
    results = await asyncio.gather(*(lockout.failed(KEY, NOW) for _ in range(30)))
    assert results.count(None) == 9
    assert await lockout.locked(KEY, NOW) == NOW + 900


async def test_a_rule_may_be_stricter(redis: SharedRedis) -> None:
    pin = LockoutRule(tries=5, period=60, seconds=120)
    for lockout in (LocalLockout(pin), RedisLockout(redis, pin)):
        await fail(lockout, 4, NOW)
        assert await lockout.failed(KEY, NOW) == NOW + 120


async def test_the_process_never_keeps_more_keys_than_it_may() -> None:
    lockout = LocalLockout(RULE, most_keys=20)
    for _ in range(10):
        await lockout.failed(KEY, NOW)
    for i in range(200):
        await lockout.failed(f"password:{i}", NOW)
    assert len(lockout) == 21
    assert await lockout.locked(KEY, NOW) is not None
    await lockout.failed("password:late", NOW + 900)
    assert len(lockout) == 1


async def test_servers_share_failures_and_locks(
    redis: SharedRedis, second_redis: SharedRedis
) -> None:
    one, other = RedisLockout(redis, RULE), RedisLockout(second_redis, RULE)
    await fail(one, 5, NOW)
    await fail(other, 4, NOW)
    until = await one.failed(KEY, NOW)
    assert await other.locked(KEY, NOW) == until == NOW + 900


async def test_keys_in_redis_go_by_themselves(redis: SharedRedis) -> None:
    lockout = RedisLockout(redis, RULE)
    await fail(lockout, 9, NOW)
    await lockout.failed(KEY, NOW)
    await lockout.failed("password:u_2", NOW)
    assert await redis.run("DBSIZE") == 2
    await age(redis, 901)
    assert await redis.run("DBSIZE") == 0


async def test_without_redis_the_caller_hears_so(redis_server: RedisServer) -> None:
    await redis_server.stopped()
    async with SharedRedis(redis_server.url, SystemClock()) as away:
        lockout = RedisLockout(away, RULE)
        for asked in (lockout.failed(KEY, NOW), lockout.locked(KEY, NOW)):
            with pytest.raises(LimitsUnavailable):
                await asked
        with pytest.raises(LimitsUnavailable):
            await lockout.succeeded(KEY)
