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
        assert await lockout.attempt(KEY, now) is None


async def test_after_ten_failures_a_key_is_locked_for_fifteen_minutes(lockout: Lockout) -> None:
    await fail(lockout, 9, NOW)
    await fail(lockout, 1, NOW + 10)
    assert await lockout.attempt(KEY, NOW + 10) == NOW + 910
    assert await lockout.attempt(KEY, NOW + 909) == NOW + 910
    assert await lockout.attempt(KEY, NOW + 910) is None


async def test_another_key_stays_open(lockout: Lockout) -> None:
    await fail(lockout, 10, NOW)
    assert await lockout.attempt("password:u_2", NOW) is None


async def test_a_success_forgets_the_failures(lockout: Lockout) -> None:
    await fail(lockout, 10, NOW)
    await lockout.succeeded(KEY)
    await fail(lockout, 10, NOW)


async def test_a_withdrawn_attempt_does_not_count(lockout: Lockout) -> None:
    await fail(lockout, 10, NOW)
    await lockout.withdraw(KEY)
    await fail(lockout, 1, NOW)
    assert await lockout.attempt(KEY, NOW) == NOW + 900


async def test_what_nobody_attempted_may_be_withdrawn(lockout: Lockout) -> None:
    await lockout.withdraw(KEY)
    await fail(lockout, 10, NOW)
    assert await lockout.attempt(KEY, NOW) is not None


async def test_failures_spread_over_more_than_the_period_do_not_lock(lockout: Lockout) -> None:
    for i in range(40):
        assert await lockout.attempt(KEY, NOW + i * 100) is None


async def test_the_last_ten_failures_count_whenever_the_first_one_was(lockout: Lockout) -> None:
    await fail(lockout, 5, NOW)
    await fail(lockout, 10, NOW + 900)
    assert await lockout.attempt(KEY, NOW + 901) == NOW + 1800


async def test_trying_at_a_lock_does_not_lengthen_it(lockout: Lockout) -> None:
    await fail(lockout, 10, NOW)
    assert await lockout.attempt(KEY, NOW + 500) == NOW + 900
    assert await lockout.attempt(KEY, NOW + 600) == NOW + 900


async def test_after_a_lock_all_tries_are_free_again(lockout: Lockout) -> None:
    await fail(lockout, 10, NOW)
    await fail(lockout, 10, NOW + 900)
    assert await lockout.attempt(KEY, NOW + 900) == NOW + 1800


async def test_of_attempts_at_the_same_moment_only_ten_are_let_through(lockout: Lockout) -> None:
    results = await asyncio.gather(*(lockout.attempt(KEY, NOW) for _ in range(30)))
    assert results.count(None) == 10


async def test_a_rule_may_be_stricter(redis: SharedRedis) -> None:
    pin = LockoutRule(tries=5, period=60, seconds=120)
    for lockout in (LocalLockout(pin), RedisLockout(redis, pin)):
        await fail(lockout, 5, NOW)
        assert await lockout.attempt(KEY, NOW) == NOW + 120


async def test_the_process_never_keeps_more_keys_than_it_may() -> None:
    lockout = LocalLockout(RULE, most_keys=20)
    for i in range(200):
        await lockout.attempt(f"password:{i}", NOW)
    assert len(lockout) == 20
    await lockout.attempt("password:late", NOW + 900)
    assert len(lockout) == 1


async def test_servers_share_failures_and_locks(
    redis: SharedRedis, second_redis: SharedRedis
) -> None:
    one, other = RedisLockout(redis, RULE), RedisLockout(second_redis, RULE)
    await fail(one, 5, NOW)
    await fail(other, 5, NOW)
    assert await one.attempt(KEY, NOW) == await other.attempt(KEY, NOW) == NOW + 900


async def test_keys_in_redis_go_by_themselves(redis: SharedRedis) -> None:
    lockout = RedisLockout(redis, RULE)
    await fail(lockout, 10, NOW)
    await lockout.attempt("password:u_2", NOW)
    assert await redis.run("DBSIZE") == 2
    await age(redis, 901)
    assert await redis.run("DBSIZE") == 0


async def test_without_redis_the_caller_hears_so(redis_server: RedisServer) -> None:
    await redis_server.stopped()
    async with SharedRedis(redis_server.url, SystemClock()) as away:
        lockout = RedisLockout(away, RULE)
        with pytest.raises(LimitsUnavailable):
            await lockout.attempt(KEY, NOW)
        for asked in (lockout.withdraw(KEY), lockout.succeeded(KEY)):
            with pytest.raises(LimitsUnavailable):
                await asked
