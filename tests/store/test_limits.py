import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from store.clock import SystemClock
from store.limits import WINDOW, Budget, Limits, LimitsUnavailable
from store.limits.local import LocalLimits
from store.limits.redis import RedisLimits
from store.redis import SharedRedis
from tests.support.clock import VirtualClock
from tests.support.redis import PATIENCE, RedisServer, age

NOW = 1_772_366_400.0
ANNA = Budget("messages:user:u_1", 60)
HOUSEHOLD = Budget("messages:address:192.0.2.1", 600)

Fresh = Callable[[], Awaitable[Limits]]


@pytest.fixture(params=["local", "redis"])
def fresh(request: pytest.FixtureRequest, redis: SharedRedis) -> Fresh:
    """Limits that nobody has used yet, for the tests that need them again and again."""

    async def build() -> Limits:
        if request.param == "local":
            return LocalLimits()
        await redis.run("FLUSHALL")
        return RedisLimits(redis)

    return build


@pytest.fixture
async def limits(fresh: Fresh) -> Limits:
    return await fresh()


async def spend(limits: Limits, budget: Budget, times: int, now: float) -> None:
    for _ in range(times):
        assert (await limits.take([budget], now)).allowed


async def test_a_whole_budget_passes_at_once_and_the_next_is_refused(limits: Limits) -> None:
    for used in range(60):
        verdict = await limits.take([ANNA], NOW + used / 100)
        assert (verdict.allowed, verdict.limit, verdict.remaining) == (True, 60, 59 - used)
        assert verdict.retry_after == 0
    refused = await limits.take([ANNA], NOW + 0.6)
    assert (refused.allowed, refused.limit, refused.remaining) == (False, 60, 0)
    assert refused.retry_after == refused.reset_after == pytest.approx(59.4)


@given(start=st.floats(0, 2**31), gaps=st.lists(st.floats(0, 59), min_size=60, max_size=60))
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_sixty_quick_requests_pass_whenever_they_begin(
    fresh: Fresh, start: float, gaps: list[float]
) -> None:
    limits = await fresh()
    quick = [start, *(start + gap for gap in sorted(gaps))]
    verdicts = [await limits.take([ANNA], now) for now in quick]
    assert [verdict.allowed for verdict in verdicts] == [True] * 60 + [False]


async def test_a_spent_budget_opens_again_a_window_after_its_first_use(limits: Limits) -> None:
    await spend(limits, ANNA, 60, NOW)
    assert (await limits.take([ANNA], NOW)).retry_after == WINDOW
    assert not (await limits.take([ANNA], NOW + 59.999)).allowed
    assert (await limits.take([ANNA], NOW + 60)).allowed


async def test_what_was_spent_in_the_window_before_comes_back_bit_by_bit(limits: Limits) -> None:
    await spend(limits, ANNA, 60, NOW)
    # Halfway through the next window, half of the 60 still count.
    await spend(limits, ANNA, 30, NOW + 90)
    assert not (await limits.take([ANNA], NOW + 90)).allowed
    assert (await limits.take([ANNA], NOW + 92)).allowed
    assert (await limits.take([ANNA], NOW + 200)).remaining == 59


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_small_budget_is_whole_again_every_window(limits: Limits, limit: int) -> None:
    budget = Budget("small", limit)
    for window in range(4):
        now = NOW + window * WINDOW * 2
        await spend(limits, budget, limit, now)
        assert (await limits.take([budget], now)).retry_after == WINDOW


async def test_one_use_a_window_means_one_use_a_window(limits: Limits) -> None:
    budget = Budget("once", 1)
    for window in range(4):
        await spend(limits, budget, 1, NOW + window * WINDOW)
        assert not (await limits.take([budget], NOW + window * WINDOW + 59)).allowed


async def test_a_refused_use_costs_no_budget_anything(limits: Limits) -> None:
    await spend(limits, ANNA, 60, NOW)
    for _ in range(10):
        verdict = await limits.take([HOUSEHOLD, ANNA], NOW + 1)
        assert (verdict.allowed, verdict.limit) == (False, 60)
    assert (await limits.take([HOUSEHOLD], NOW + 1)).remaining == 599
    assert (await limits.take([ANNA], NOW + 60)).allowed


async def test_the_verdict_is_on_the_tightest_budget(limits: Limits) -> None:
    verdict = await limits.take([HOUSEHOLD, ANNA], NOW)
    assert (verdict.limit, verdict.remaining) == (60, 59)
    await spend(limits, HOUSEHOLD, 590, NOW)
    verdict = await limits.take([HOUSEHOLD, ANNA], NOW)
    assert (verdict.limit, verdict.remaining) == (600, 8)


async def test_two_spent_budgets_are_as_long_a_wait_as_the_longer(limits: Limits) -> None:
    early, late = Budget("early", 1), Budget("late", 1)
    await spend(limits, early, 1, NOW)
    await spend(limits, late, 1, NOW + 20)
    verdict = await limits.take([early, late], NOW + 30)
    assert verdict.retry_after == pytest.approx(50)
    assert (await limits.take([early, late], NOW + 30 + verdict.retry_after)).allowed


async def test_another_limit_holds_from_the_next_use_on(limits: Limits) -> None:
    await spend(limits, ANNA, 60, NOW)
    lowered = await limits.take([Budget(ANNA.key, 10)], NOW + 1)
    assert (lowered.allowed, lowered.limit, lowered.remaining) == (False, 10, 0)
    # 60 spent are too many for ten even a window later.
    assert lowered.retry_after > WINDOW
    assert (await limits.take([Budget(ANNA.key, 10)], NOW + 1 + lowered.retry_after)).allowed
    raised = await limits.take([Budget(ANNA.key, 100)], NOW + 1)
    assert (raised.allowed, raised.remaining) == (True, 39)


async def test_another_window_may_be_asked_for(limits: Limits) -> None:
    hourly = Budget("register:address:192.0.2.1", 3)
    for _ in range(3):
        assert (await limits.take([hourly], NOW, window=3600)).allowed
    assert (await limits.take([hourly], NOW + 600, window=3600)).retry_after == 3000


async def test_a_clock_that_was_set_back_shuts_nobody_out(limits: Limits) -> None:
    await spend(limits, ANNA, 60, NOW)
    assert not (await limits.take([ANNA], NOW - 1)).allowed
    assert (await limits.take([ANNA], NOW - 3600)).allowed


async def test_of_a_hundred_at_the_same_moment_as_many_pass_as_may(limits: Limits) -> None:
    verdicts = await asyncio.gather(*(limits.take([ANNA, HOUSEHOLD], NOW) for _ in range(100)))
    assert sum(verdict.allowed for verdict in verdicts) == 60
    assert (await limits.take([HOUSEHOLD], NOW)).remaining == 600 - 61


async def test_budgets_without_a_meaning_are_refused(limits: Limits) -> None:
    with pytest.raises(ValueError, match="each key once"):
        await limits.take([ANNA, ANNA], NOW)
    with pytest.raises(ValueError, match="at least one budget"):
        await limits.take([], NOW)
    with pytest.raises(ValueError, match="at least one use"):
        Budget("nothing", 0)


@dataclass
class Model:
    """The words of the interface with exact fractions, and every single use remembered."""

    start: Fraction = Fraction(-(10**9))
    uses: list[Fraction] = field(default_factory=list)
    before: list[Fraction] = field(default_factory=list)

    def remaining(self, limit: int, now: Fraction) -> Fraction:
        window = Fraction(WINDOW)
        if now - self.start >= window:
            over = now - self.start >= 2 * window or not self.uses
            self.start, self.before = (now, []) if over else (self.start + window, self.uses)
            self.uses = []
        spread = max(0, len(self.before) - 1)
        passing = 1 - (now - self.start) / window
        return limit - len(self.uses) - spread * passing

    def take(self, limit: int, now: Fraction) -> tuple[bool, int]:
        if self.remaining(limit, now) < 1:
            return False, 0
        self.uses.append(now)
        return True, math.floor(self.remaining(limit, now))


HISTORIES = st.lists(
    st.tuples(
        # Bursts, a pace about as fast as the limit, and pauses about as long as a window.
        st.one_of(st.just(0), st.integers(0, 8_000), st.integers(50_000, 130_000)),
        st.sampled_from([1, 2, 3, 8, 20]),
    ),
    max_size=60,
)
PROPERTY = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PROPERTY
@given(history=HISTORIES)
async def test_any_history_is_judged_as_the_model_judges_it(
    fresh: Fresh, history: list[tuple[int, int]]
) -> None:
    limits, model = await fresh(), Model()
    milliseconds = round(NOW * 1000)
    for pause, limit in history:
        milliseconds += pause
        verdict = await limits.take([Budget("k", limit)], milliseconds / 1000)
        expected = model.take(limit, Fraction(milliseconds, 1000))
        assert (verdict.allowed, verdict.remaining) == expected


@PROPERTY
@given(history=HISTORIES, start=st.floats(0, 2**31))
async def test_waiting_exactly_as_told_lets_one_more_through(
    fresh: Fresh, history: list[tuple[int, int]], start: float
) -> None:
    limits = await fresh()
    now = start
    for pause, limit in history:
        now += pause / 1000
        budgets = [Budget("k", limit), Budget("loose", 10)]
        verdict = await limits.take(budgets, now)
        if verdict.allowed:
            continue
        assert 0 < verdict.retry_after <= 2 * WINDOW
        # A few microseconds are lost in the fractions of a time in seconds.
        if verdict.retry_after > 0.00001:
            assert not (await limits.take(budgets, now + verdict.retry_after - 0.00001)).allowed
        now += verdict.retry_after
        assert (await limits.take(budgets, now)).allowed


async def test_the_process_forgets_keys_that_stand_for_nothing_any_more() -> None:
    limits = LocalLimits()
    for i in range(1000):
        await limits.take([Budget(f"{i}", 60), Budget(f"{i}:address", 60)], NOW + i)
    assert len(limits) <= 2 * (2 * WINDOW + 1)


async def test_the_process_never_keeps_more_keys_than_it_may() -> None:
    limits = LocalLimits(most_keys=10)
    await spend(limits, ANNA, 60, NOW)
    for i in range(50):
        await limits.take([Budget(f"{i}", 60)], NOW)
        # Who keeps asking is remembered, and keeps being refused.
        assert not (await limits.take([ANNA], NOW)).allowed
    assert len(limits) == 10


async def test_servers_share_one_count(redis: SharedRedis, second_redis: SharedRedis) -> None:
    one, other = RedisLimits(redis), RedisLimits(second_redis)
    for _ in range(30):
        assert (await one.take([ANNA], NOW)).allowed
        assert (await other.take([ANNA], NOW)).allowed
    assert not (await one.take([ANNA], NOW)).allowed
    assert not (await other.take([ANNA], NOW)).allowed


async def test_keys_in_redis_go_by_themselves(redis: SharedRedis) -> None:
    limits = RedisLimits(redis)
    await limits.take([ANNA, HOUSEHOLD], NOW)
    await age(redis, WINDOW)
    assert await redis.run("DBSIZE") == 2
    await age(redis, WINDOW + 1)
    assert await redis.run("DBSIZE") == 0


@pytest.mark.parametrize("outage", ["killed", "frozen"])
async def test_without_redis_each_request_hears_so_at_once(
    redis_server: RedisServer, outage: str
) -> None:
    async with SharedRedis(redis_server.url, SystemClock()) as redis:
        limits = RedisLimits(redis)
        await redis_server.stopped() if outage == "killed" else redis_server.freeze()
        try:
            began = time.monotonic()
            with capture_logs() as logs:
                for _ in range(40):
                    with pytest.raises(LimitsUnavailable):
                        await limits.take([ANNA], NOW)
            # Forty times the patience of one call would be ten seconds.
            assert time.monotonic() - began < 5
            assert [line["event"] for line in logs] == ["redis_lost"]
        finally:
            if outage == "frozen":
                redis_server.thaw()


async def test_a_redis_that_comes_back_empty_counts_again(redis_server: RedisServer) -> None:
    clock = VirtualClock()
    async with SharedRedis(redis_server.url, clock, patience=PATIENCE) as redis:
        limits = RedisLimits(redis)
        await redis_server.stopped()
        with capture_logs():
            with pytest.raises(LimitsUnavailable):
                await limits.take([ANNA], NOW)
            await redis_server.started()
            # It does not know the script any more, and the first call has to find that out.
            await clock.advance(1)
            assert (await limits.take([ANNA], NOW)).remaining == 59
        assert (await limits.take([ANNA], NOW)).remaining == 58
