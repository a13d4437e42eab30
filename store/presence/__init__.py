"""Who is in a room right now.

A connection holds a seat in each room that it looks at, and enters again every heartbeat interval;
a seat that is not renewed for `ttl` seconds is empty. Somebody is present while one of their seats
is held, so a second tab changes nothing, a closed tab leaves at once, and the people of a server
that was killed fade out by themselves.

Every coming and every going is told to exactly one caller, whatever server it is on: that one
announces it. Only when somebody comes back after having faded, before anybody swept, are they told
of as coming without having been told of as gone; those who listed the room in between need it.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol


class Seat(NamedTuple):
    """One connection's place in one room; a connection's id is never used twice."""

    room: str
    user: str
    connection: str


class Attendee(NamedTuple):
    room: str
    user: str


class Presence(Protocol):
    """Raises Outage when what the servers share is away."""

    async def enter(self, seats: Collection[Seat]) -> list[Attendee]:
        """Take these seats, or keep them, for another `ttl`; returns who was not there before.

        Taking and keeping are one act, so that whatever emptied the seats (Redis restarted, this
        server stood still too long) is mended, and told of, by the next heartbeat.
        """

    async def leave(self, seats: Collection[Seat]) -> list[Attendee]:
        """Give these seats up; returns who is gone by that.

        A seat that was empty already stays with `sweep`, which tells of it.
        """

    async def present(self, room: str) -> list[str]:
        """The names of those in the room, sorted; costs the room's size, however many rooms."""

    async def sweep(self, rooms: Collection[str]) -> list[Attendee]:
        """Who faded out of these rooms since anybody last asked."""
