from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from store.schedule import Daily, Every

BERLIN = ZoneInfo("Europe/Berlin")
# Half-hour steps, changes at midnight, a day that never was, and no change at all.
ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FIRST = utc("2010-01-01T00:00")


def test_every_rests_for_its_interval() -> None:
    assert Every(timedelta(hours=2)).next(utc("2026-05-01T10:30")) == utc("2026-05-01T12:30")


def test_daily_is_today_if_its_time_is_still_to_come() -> None:
    daily = Daily(time(9, 0), BERLIN)
    assert daily.next(utc("2026-01-10T07:59")) == utc("2026-01-10T08:00")


def test_daily_is_tomorrow_at_the_very_moment_of_today() -> None:
    daily = Daily(time(9, 0), BERLIN)
    assert daily.next(utc("2026-01-10T08:00")) == utc("2026-01-11T08:00")


def test_daily_keeps_to_the_wall_clock_in_summer_and_winter() -> None:
    daily = Daily(time(0, 0), BERLIN)
    assert daily.next(utc("2026-01-10T12:00")) == utc("2026-01-10T23:00")
    assert daily.next(utc("2026-07-10T12:00")) == utc("2026-07-10T22:00")


def test_the_day_of_midnight_is_that_of_the_zone() -> None:
    daily = Daily(time(0, 0), ZoneInfo("Pacific/Auckland"))
    assert daily.next(utc("2026-07-10T13:00")) == utc("2026-07-11T12:00")


def test_a_time_that_the_clocks_leap_over_comes_once_and_an_hour_later() -> None:
    daily = Daily(time(2, 30), BERLIN)
    leap = daily.next(utc("2026-03-28T12:00"))
    assert leap == utc("2026-03-29T01:30")
    assert leap.astimezone(BERLIN).time() == time(3, 30)
    assert daily.next(leap) == utc("2026-03-30T00:30")


def test_a_time_that_comes_twice_is_meant_once() -> None:
    daily = Daily(time(2, 30), BERLIN)
    first = daily.next(utc("2026-10-24T12:00"))
    assert first == utc("2026-10-25T00:30")
    assert daily.next(first) == utc("2026-10-26T01:30")
    # Asked between the first and the second: the second is no run of its own.
    assert daily.next(utc("2026-10-25T01:15")) == utc("2026-10-26T01:30")


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    start=st.timedeltas(timedelta(), timedelta(days=6500)).map(lambda later: FIRST + later),
)
def test_each_day_of_a_place_has_one_run(zone: ZoneInfo, at: time, start: datetime) -> None:
    daily = Daily(at, zone)
    moment = start
    days: list[date] = []
    for _ in range(400):
        following = daily.next(moment)
        assert following > moment
        days.append(following.astimezone(zone).date())
        moment = following
    never = {date(2011, 12, 30)} if zone.key == "Pacific/Apia" else set()
    expected = {days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)}
    assert set(days) == expected - never
    assert len(days) == len(set(days))
