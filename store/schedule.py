"""When a periodic job runs next."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Schedule(Protocol):
    def next(self, after: datetime) -> datetime:
        """The first moment after this one at which the job is due."""


@dataclass(frozen=True, slots=True)
class Every:
    """With a rest of this length after each run, so that a slow job never runs into itself."""

    interval: timedelta

    def next(self, after: datetime) -> datetime:
        return after + self.interval


@dataclass(frozen=True, slots=True)
class Daily:
    """Once on each day of a place, at its own wall clock's time.

    Where the clocks go forward over that time, it is as long after midnight as it would have been;
    where they go back over it, the first of the two is meant.
    """

    at: time
    zone: ZoneInfo

    def next(self, after: datetime) -> datetime:
        day = after.astimezone(self.zone).date()
        while True:
            # Compared in UTC: two times of one zone are compared by their wall clocks, on which an
            # hour can come twice.
            moment = datetime.combine(day, self.at, self.zone).replace(fold=0).astimezone(UTC)
            if moment > after:
                return moment
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs by itself; its body is empty."""

    name: str
    schedule: Schedule


def every(name: str, interval: timedelta) -> Periodic:
    return Periodic(name, Every(interval))


def daily(name: str, at: time, zone: ZoneInfo) -> Periodic:
    return Periodic(name, Daily(at, zone))
