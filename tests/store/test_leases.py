import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from store.clock import SystemClock
from store.leases import LeaseLost, Leases
from store.leases.local import LocalLeases
from store.leases.redis import RedisLeases
from store.outage import Outage
from store.redis import SharedRedis
from tests.support.clock import VirtualClock
from tests.support.redis import RedisServer, age

CALL = "call:call_1"


@dataclass
class House:
    """Leases under test, and the way to let time pass for them."""

    leases: Leases
    pass_time: Callable[[float], Awaitable[None]]


@pytest.fixture(params=["local", "redis"])
def house(request: pytest.FixtureRequest, redis: SharedRedis) -> House:
    clock = VirtualClock()
    if request.param == "local":
        return House(LocalLeases(clock), clock.advance)

    async def pass_time(seconds: float) -> None:
        await clock.advance(seconds)
        await age(redis, seconds)

    return House(RedisLeases(redis, clock), pass_time)


@pytest.fixture
def leases(house: House) -> Leases:
    return house.leases


async def test_a_lease_is_held_by_one(leases: Leases) -> None:
    assert await leases.holder(CALL) is None
    lease = await leases.acquire(CALL, "node-a", 10)
    assert lease is not None
    assert lease.held
    assert await leases.acquire(CALL, "node-b", 10) is None
    assert await leases.acquire(CALL, "node-a", 10) is None
    assert await leases.holder(CALL) == "node-a"


async def test_leases_of_different_names_know_nothing_of_each_other(leases: Leases) -> None:
    assert await leases.acquire(CALL, "node-a", 10)
    assert await leases.acquire("call:call_2", "node-b", 10)
    assert await leases.holder(CALL) == "node-a"


async def test_of_twenty_at_once_one_gets_it(leases: Leases) -> None:
    asked = await asyncio.gather(*(leases.acquire(CALL, f"node-{i}", 10) for i in range(20)))
    won = [lease for lease in asked if lease is not None]
    assert len(won) == 1
    assert await leases.holder(CALL) == won[0].holder


async def test_a_released_lease_is_free_for_others(leases: Leases) -> None:
    lease = await leases.acquire(CALL, "node-a", 10)
    assert lease
    await lease.release()
    assert not lease.held
    assert await leases.holder(CALL) is None
    assert await leases.acquire(CALL, "node-b", 10)


async def test_a_lease_that_nobody_renews_ends(house: House) -> None:
    lease = await house.leases.acquire(CALL, "node-a", 10)
    assert lease
    await house.pass_time(11)
    assert not lease.held
    assert await house.leases.holder(CALL) is None
    assert await house.leases.acquire(CALL, "node-b", 10)


async def test_a_renewed_lease_goes_on(house: House) -> None:
    lease = await house.leases.acquire(CALL, "node-a", 10)
    assert lease
    for _ in range(3):
        await house.pass_time(6)
        await lease.renew()
    assert lease.held
    assert await house.leases.holder(CALL) == "node-a"


async def test_a_lost_lease_says_so_and_cannot_be_renewed(house: House) -> None:
    lease = await house.leases.acquire(CALL, "node-a", 10)
    assert lease
    await house.pass_time(11)
    with pytest.raises(LeaseLost, match="node-a"):
        await lease.renew()
    assert not lease.held


async def test_a_late_holder_harms_its_successor_in_no_way(house: House) -> None:
    late = await house.leases.acquire(CALL, "node-a", 10)
    assert late
    await house.pass_time(11)
    assert await house.leases.acquire(CALL, "node-a", 10)
    with pytest.raises(LeaseLost):
        await late.renew()
    await late.release()
    assert await house.leases.holder(CALL) == "node-a"


async def test_a_released_lease_is_lost(leases: Leases) -> None:
    lease = await leases.acquire(CALL, "node-a", 10)
    assert lease
    await lease.release()
    await lease.release()
    with pytest.raises(LeaseLost):
        await lease.renew()


async def test_the_fence_rises_with_each_acquisition(leases: Leases) -> None:
    fences = []
    for name in (CALL, "call:call_2", CALL, CALL, "call:call_2"):
        lease = await leases.acquire(name, "node-a", 10)
        assert lease
        fences.append(lease.fence)
        await lease.release()
    assert fences == sorted(set(fences))


async def test_the_fence_rises_across_a_restart_of_the_process() -> None:
    clock = VirtualClock()
    before = await LocalLeases(clock).acquire(CALL, "node-a", 10)
    await clock.advance(1)
    after = await LocalLeases(clock).acquire(CALL, "node-a", 10)
    assert before
    assert after
    assert after.fence > before.fence


async def test_the_fence_rises_although_redis_came_back_with_nothing(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    leases = RedisLeases(redis, SystemClock())
    before = await leases.acquire(CALL, "node-a", 10)
    assert before
    await redis_server.restarted()
    with pytest.raises(LeaseLost):
        await before.renew()
    after = await leases.acquire(CALL, "node-b", 10)
    assert after
    assert after.fence > before.fence


async def test_servers_see_each_others_leases(
    redis: SharedRedis, second_redis: SharedRedis
) -> None:
    one, other = RedisLeases(redis, SystemClock()), RedisLeases(second_redis, SystemClock())
    lease = await one.acquire(CALL, "node-a", 10)
    assert lease
    assert await other.acquire(CALL, "node-b", 10) is None
    assert await other.holder(CALL) == "node-a"
    await lease.release()
    assert await other.acquire(CALL, "node-b", 10)


async def test_a_lease_in_redis_ends_by_itself(redis: SharedRedis) -> None:
    leases = RedisLeases(redis, SystemClock())
    assert await leases.acquire(CALL, "node-a", 0.05)

    async with asyncio.timeout(30):
        while await leases.acquire(CALL, "node-b", 10) is None:
            pass
    assert await leases.holder(CALL) == "node-b"


async def test_a_holder_goes_on_for_as_long_as_it_was_promised_without_redis(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    clock = VirtualClock()
    lease = await RedisLeases(redis, clock).acquire(CALL, "node-a", 10)
    assert lease
    await redis_server.stopped()
    with pytest.raises(Outage):
        await lease.renew()
    await clock.advance(9)
    assert lease.held
    await clock.advance(1)
    assert not lease.held
