import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.clock import SystemClock
from store.outage import Outage
from store.presence import Attendee, Presence, Seat
from store.presence.local import LocalPresence
from store.presence.redis import RedisPresence
from store.redis import SharedRedis
from tests.support.clock import VirtualClock
from tests.support.redis import RedisServer, age

TTL = 30.0
# More than a heartbeat is late by, and far less than a slow machine could use up between two lines.
INTERVAL = 20.0
TOO_LATE = TTL + 1

PassTime = Callable[[float], Awaitable[None]]
KITCHEN = "kitchen"
ANNA = Seat(KITCHEN, "anna", "tab-1")
ANNAS_PHONE = Seat(KITCHEN, "anna", "phone-1")
BEN = Seat(KITCHEN, "ben", "tab-2")


@dataclass
class House:
    """A presence under test, and the way to let time pass for it."""

    presence: Presence
    pass_time: PassTime


@pytest.fixture(params=["local", "redis"])
def house(request: pytest.FixtureRequest, redis: SharedRedis) -> House:
    if request.param == "local":
        clock = VirtualClock()
        return House(LocalPresence(TTL, clock), clock.advance)
    return House(RedisPresence(redis, TTL), lambda seconds: age(redis, seconds))


@pytest.fixture
def presence(house: House) -> Presence:
    return house.presence


async def test_who_enters_is_present_and_comes_once(presence: Presence) -> None:
    assert await presence.enter([ANNA]) == [Attendee(KITCHEN, "anna")]
    assert await presence.enter([ANNA]) == []
    assert await presence.present(KITCHEN) == ["anna"]


async def test_two_tabs_are_one_join_and_one_leave(presence: Presence) -> None:
    assert await presence.enter([ANNA]) == [Attendee(KITCHEN, "anna")]
    assert await presence.enter([ANNAS_PHONE]) == []
    assert await presence.leave([ANNA]) == []
    assert await presence.present(KITCHEN) == ["anna"]
    assert await presence.leave([ANNAS_PHONE]) == [Attendee(KITCHEN, "anna")]
    assert await presence.present(KITCHEN) == []


async def test_two_tabs_that_enter_together_are_one_join(presence: Presence) -> None:
    assert await presence.enter([ANNA, ANNAS_PHONE]) == [Attendee(KITCHEN, "anna")]
    assert await presence.leave([ANNA, ANNAS_PHONE]) == [Attendee(KITCHEN, "anna")]


async def test_leaving_twice_or_without_having_entered_says_nothing(presence: Presence) -> None:
    await presence.enter([ANNA])
    assert await presence.leave([BEN]) == []
    assert await presence.leave([ANNA]) == [Attendee(KITCHEN, "anna")]
    assert await presence.leave([ANNA]) == []


async def test_a_room_lists_its_own_people_by_name(presence: Presence) -> None:
    await presence.enter([BEN, ANNA, Seat("garden", "zoe", "tab-3")])
    assert await presence.present(KITCHEN) == ["anna", "ben"]
    assert await presence.present("garden") == ["zoe"]
    assert await presence.present("cellar") == []


async def test_names_with_colons_stay_apart(presence: Presence) -> None:
    await presence.enter([Seat("a:b", "c", "1"), Seat("a%3Ab", "c", "1")])
    assert await presence.enter([Seat("a", "b:c", "1")]) == [Attendee("a", "b:c")]
    assert await presence.leave([Seat("a", "b:c", "1")]) == [Attendee("a", "b:c")]
    assert await presence.present("a:b") == ["c"]
    assert await presence.leave([Seat("a%3Ab", "c", "1")]) == [Attendee("a%3Ab", "c")]
    assert await presence.present("a:b") == ["c"]


async def test_a_heartbeat_keeps_a_seat(house: House) -> None:
    await house.presence.enter([ANNA, BEN])
    await house.pass_time(INTERVAL)
    assert await house.presence.enter([ANNA]) == []
    await house.pass_time(INTERVAL)
    assert await house.presence.present(KITCHEN) == ["anna"]


async def test_who_is_not_heard_of_fades_and_is_told_of_once(house: House) -> None:
    await house.presence.enter([ANNA, ANNAS_PHONE, BEN])
    await house.pass_time(INTERVAL)
    await house.presence.enter([BEN])
    assert await house.presence.sweep([KITCHEN]) == []
    await house.pass_time(INTERVAL)
    assert await house.presence.present(KITCHEN) == ["ben"]
    assert await house.presence.sweep([KITCHEN, KITCHEN]) == [Attendee(KITCHEN, "anna")]
    assert await house.presence.sweep([KITCHEN]) == []


async def test_a_tab_that_outlives_the_others_keeps_its_user(house: House) -> None:
    await house.presence.enter([ANNA, ANNAS_PHONE])
    await house.pass_time(INTERVAL)
    await house.presence.enter([ANNA])
    await house.pass_time(INTERVAL)
    assert await house.presence.sweep([KITCHEN]) == []
    # The phone died without a word, so the tab is the last.
    assert await house.presence.leave([ANNA]) == [Attendee(KITCHEN, "anna")]
    assert await house.presence.sweep([KITCHEN]) == []


async def test_the_last_tab_keeps_its_user_no_longer_than_itself(house: House) -> None:
    await house.presence.enter([ANNA])
    await house.pass_time(INTERVAL)
    await house.presence.enter([ANNAS_PHONE])
    await house.presence.leave([ANNAS_PHONE])
    assert await house.presence.present(KITCHEN) == ["anna"]
    await house.pass_time(INTERVAL)
    assert await house.presence.present(KITCHEN) == []


async def test_who_left_late_is_told_of_by_the_sweep_alone(house: House) -> None:
    await house.presence.enter([ANNA])
    await house.pass_time(TOO_LATE)
    assert await house.presence.leave([ANNA]) == []
    assert await house.presence.sweep([KITCHEN]) == [Attendee(KITCHEN, "anna")]


async def test_who_comes_back_after_fading_comes_again(house: House) -> None:
    await house.presence.enter([ANNA])
    await house.pass_time(TOO_LATE)
    assert await house.presence.enter([ANNA]) == [Attendee(KITCHEN, "anna")]
    assert await house.presence.sweep([KITCHEN]) == []
    assert await house.presence.present(KITCHEN) == ["anna"]


async def test_five_thousand_people_enter_fade_and_are_swept_in_one_call_each(
    house: House,
) -> None:
    seats = [Seat(f"room {i % 50}", f"user {i}", f"tab-{i}") for i in range(5_000)]
    everybody = {Attendee(seat.room, seat.user) for seat in seats}
    assert set(await house.presence.enter(seats)) == everybody
    assert await house.presence.enter(seats) == []
    assert len(await house.presence.present("room 7")) == 100
    await house.pass_time(TOO_LATE)
    assert set(await house.presence.sweep([f"room {i}" for i in range(50)])) == everybody


@dataclass
class Model:
    """What the words of the interface say, with nothing else in mind."""

    now: float = 0.0
    ends: dict[Seat, float] = field(default_factory=dict)
    known: set[Attendee] = field(default_factory=set)

    def present(self) -> set[Attendee]:
        return {Attendee(*seat[:2]) for seat, end in self.ends.items() if end > self.now}

    def enter(self, seat: Seat) -> list[Attendee]:
        before = self.present()
        self.ends[seat] = self.now + TTL
        self.known |= self.present()
        return list(self.present() - before)

    def leave(self, seat: Seat) -> list[Attendee]:
        before = self.present()
        if self.ends.get(seat, self.now) > self.now:
            del self.ends[seat]
        gone = before - self.present()
        self.known -= gone
        return list(gone)

    def sweep(self, room: str) -> list[Attendee]:
        faded = {one for one in self.known - self.present() if one.room == room}
        self.known -= faded
        return sorted(faded)


ROOMS = ["a", "a:b"]
SEATS = [
    Seat(room, user, f"{user}{tab}") for room in ROOMS for user in ("b", "c:d") for tab in (1, 2)
]
# Sums of these keep seconds away from the end of a seat, whatever the machine is busy with.
SPANS = [INTERVAL, TTL + INTERVAL]
STEPS = st.one_of(
    st.tuples(st.just("enter"), st.sampled_from(SEATS)),
    st.tuples(st.just("leave"), st.sampled_from(SEATS)),
    st.tuples(st.just("sweep"), st.sampled_from(ROOMS)),
    st.tuples(st.just("pass"), st.sampled_from(SPANS)),
)


@pytest.fixture(params=["local", "redis"])
def empty_house(
    request: pytest.FixtureRequest, redis: SharedRedis
) -> Callable[[], Awaitable[House]]:
    async def build() -> House:
        if request.param == "local":
            clock = VirtualClock()
            return House(LocalPresence(TTL, clock), clock.advance)
        await redis.run("FLUSHALL")
        return House(RedisPresence(redis, TTL), lambda seconds: age(redis, seconds))

    return build


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=30))
async def test_any_history_is_told_as_the_model_tells_it(
    empty_house: Callable[[], Awaitable[House]], steps: list[tuple[str, Seat | str | float]]
) -> None:
    house, model = await empty_house(), Model()
    for step in steps:
        match step:
            case ("enter", Seat() as seat):
                assert await house.presence.enter([seat]) == model.enter(seat)
            case ("leave", Seat() as seat):
                assert await house.presence.leave([seat]) == model.leave(seat)
            case ("sweep", str(room)):
                assert sorted(await house.presence.sweep([room])) == model.sweep(room)
            case ("pass", float(seconds)):
                await house.pass_time(seconds)
                model.now += seconds
        for room in ROOMS:
            present = sorted(one.user for one in model.present() if one.room == room)
            assert await house.presence.present(room) == present


@pytest.fixture
def other(second_redis: SharedRedis) -> RedisPresence:
    return RedisPresence(second_redis, TTL)


async def test_tabs_on_two_servers_are_one_person(redis: SharedRedis, other: RedisPresence) -> None:
    one = RedisPresence(redis, TTL)
    assert await one.enter([ANNA]) == [Attendee(KITCHEN, "anna")]
    assert await other.enter([ANNAS_PHONE]) == []
    assert await one.present(KITCHEN) == await other.present(KITCHEN) == ["anna"]
    assert await one.leave([ANNA]) == []
    assert await other.leave([ANNAS_PHONE]) == [Attendee(KITCHEN, "anna")]


async def test_a_server_with_a_shorter_interval_shortens_nobody_elses_seat(
    redis: SharedRedis, other: RedisPresence
) -> None:
    await other.enter([ANNA])
    await RedisPresence(redis, TTL / 10).enter([ANNAS_PHONE])
    await age(redis, INTERVAL)
    assert await other.present(KITCHEN) == ["anna"]
    assert await other.leave([ANNA]) == [Attendee(KITCHEN, "anna")]


async def test_a_killed_servers_people_fade_and_one_server_tells(
    redis: SharedRedis, other: RedisPresence
) -> None:
    # Real time for once: the keys must go by themselves, and the killed server is simply silent.
    killed = RedisPresence(redis, 0.3)
    await killed.enter([ANNA, BEN])
    await other.enter([Seat(KITCHEN, "zoe", "tab-3")])
    told: list[Attendee] = []

    async with asyncio.timeout(30):
        while len(told) < 2:
            told.extend(await other.sweep([KITCHEN]))
            told.extend(await killed.sweep([KITCHEN]))
    assert sorted(told) == [Attendee(KITCHEN, "anna"), Attendee(KITCHEN, "ben")]
    assert await other.present(KITCHEN) == ["zoe"]
    # Redis lets a key live through the last millisecond of its time.
    async with asyncio.timeout(30):
        while await redis.run("EXISTS", "presence:hb:kitchen:anna:tab-1"):
            pass
    assert await redis.run("EXISTS", "presence:hb:kitchen:zoe:tab-3") == 1


async def test_each_seat_is_a_key_of_its_own_that_expires(redis: SharedRedis) -> None:
    presence = RedisPresence(redis, TTL)
    await presence.enter([ANNA, Seat("a:b", "c%d", "x:1")])
    assert sorted(await redis.run("KEYS", "presence:hb:*")) == [
        "presence:hb:a%3Ab:c%25d:x%3A1",
        "presence:hb:kitchen:anna:tab-1",
    ]
    assert 0 < await redis.run("PTTL", "presence:hb:kitchen:anna:tab-1") <= TTL * 1000
    await presence.leave([ANNA])
    assert await redis.run("EXISTS", "presence:hb:kitchen:anna:tab-1") == 0


async def test_nothing_stays_behind_when_nobody_is_left_to_sweep(redis: SharedRedis) -> None:
    presence = RedisPresence(redis, TTL)
    await presence.enter([ANNA, ANNAS_PHONE, BEN])
    await age(redis, 3600)
    assert await redis.run("DBSIZE") == 0


async def test_nothing_stays_behind_when_everybody_left(redis: SharedRedis) -> None:
    presence = RedisPresence(redis, TTL)
    await presence.enter([ANNA, ANNAS_PHONE, BEN])
    await presence.leave([ANNA, ANNAS_PHONE, BEN])
    assert await redis.run("DBSIZE") == 0


async def test_tabs_that_died_do_not_pile_up_beside_one_that_lives(redis: SharedRedis) -> None:
    presence = RedisPresence(redis, TTL)
    for crash in range(10):
        await presence.enter([ANNA, ANNAS_PHONE._replace(connection=f"phone-{crash}")])
        await age(redis, INTERVAL)
    assert await redis.run("ZCARD", "presence:seats:kitchen:anna") == 3


async def test_after_an_empty_restart_the_next_heartbeat_brings_everybody_back(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    presence = RedisPresence(redis, TTL)
    await presence.enter([ANNA, ANNAS_PHONE, BEN])
    await redis_server.restarted()
    assert await presence.present(KITCHEN) == []
    came = await presence.enter([ANNA, ANNAS_PHONE, BEN])
    assert came == [Attendee(KITCHEN, "anna"), Attendee(KITCHEN, "ben")]
    assert await presence.present(KITCHEN) == ["anna", "ben"]


async def test_without_redis_presence_says_so(redis_server: RedisServer) -> None:
    await redis_server.stopped()
    async with SharedRedis(redis_server.url, SystemClock()) as away:
        presence = RedisPresence(away, TTL)
        for asked in (presence.enter([ANNA]), presence.leave([ANNA]), presence.sweep([KITCHEN])):
            with pytest.raises(Outage):
                await asked
        with pytest.raises(Outage):
            await presence.present(KITCHEN)


async def test_listing_a_room_costs_the_room_and_not_the_key_space(redis: SharedRedis) -> None:
    presence = RedisPresence(redis, TTL)
    await presence.enter([ANNA, BEN])

    async def commands_of_a_listing() -> dict[str, int]:
        await redis.run("CONFIG", "RESETSTAT")
        assert await presence.present(KITCHEN) == ["anna", "ben"]
        stats = await redis.run("INFO", "commandstats")
        ours = {"cmdstat_info", "cmdstat_config|resetstat"}
        return {name: stat["calls"] for name, stat in stats.items() if name not in ours}

    await presence.present(KITCHEN)  # Redis knows the script from here on
    alone = await commands_of_a_listing()
    assert alone == {"cmdstat_evalsha": 1, "cmdstat_time": 1, "cmdstat_zrangebyscore": 1}
    await presence.enter([Seat(f"room {i}", f"user {i % 700}", f"tab-{i}") for i in range(5_000)])
    assert await commands_of_a_listing() == alone
