"""Times of the week, as guardians set them: hours by the clock of the child's own time zone."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.wire import Wire

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ClockTime = Annotated[
    str,
    Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="Hours and minutes; `to` at or before `from`: on the next day.",
    ),
]


class Hours(Wire):
    """From one time of the day to another, over midnight too."""

    # `from` is a word of Python's own.
    model_config = ConfigDict(serialize_by_alias=True)

    from_: Annotated[ClockTime, Field(alias="from", examples=["20:00"])]
    to: Annotated[ClockTime, Field(examples=["06:30"])]


class WeeklyHours(Hours):
    """Hours that come again every week."""

    day: Annotated[Weekday, Field(description="The day on which they begin.", examples=["monday"])]


class BedtimeByWeekday(Wire):
    """The night that begins on each day; null: that day has none."""

    monday: Hours | None = None
    tuesday: Hours | None = None
    wednesday: Hours | None = None
    thursday: Hours | None = None
    friday: Annotated[Hours | None, Field(examples=[{"from": "21:30", "to": "08:00"}])] = None
    saturday: Annotated[Hours | None, Field(examples=[{"from": "21:30", "to": "08:00"}])] = None
    sunday: Hours | None = None


_Minutes = Annotated[int | None, Field(ge=0, le=1440, examples=[60])]
_WeekendMinutes = Annotated[int | None, Field(ge=0, le=1440, examples=[120])]


class MinutesByWeekday(Wire):
    """How many minutes each day has; null: as many as there are."""

    monday: _Minutes = None
    tuesday: _Minutes = None
    wednesday: _Minutes = None
    thursday: _Minutes = None
    friday: _Minutes = None
    saturday: _WeekendMinutes = None
    sunday: _WeekendMinutes = None
