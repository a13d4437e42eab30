"""Presence of a server that is alone."""

from collections.abc import Collection

from store.clock import Clock
from store.presence import Attendee, Seat

# When each connection's seat is empty unless renewed.
_Seats = dict[str, float]


class LocalPresence:
    def __init__(self, ttl: float, clock: Clock) -> None:
        self._ttl = ttl
        self._clock = clock
        self._rooms: dict[str, dict[str, _Seats]] = {}

    async def enter(self, seats: Collection[Seat]) -> list[Attendee]:
        now = self._clock.monotonic()
        came = []
        for room, user, connection in seats:
            held = self._rooms.setdefault(room, {}).setdefault(user, {})
            if not _drop_empty(held, now):
                came.append(Attendee(room, user))
            held[connection] = now + self._ttl
        return came

    async def leave(self, seats: Collection[Seat]) -> list[Attendee]:
        now = self._clock.monotonic()
        gone = []
        for room, user, connection in seats:
            held = self._rooms.get(room, {}).get(user, {})
            if held.get(connection, now) <= now:
                continue
            del held[connection]
            if not _drop_empty(held, now):
                self._forget(room, user)
                gone.append(Attendee(room, user))
        return gone

    async def present(self, room: str) -> list[str]:
        now = self._clock.monotonic()
        return sorted(
            user
            for user, held in self._rooms.get(room, {}).items()
            if any(end > now for end in held.values())
        )

    async def sweep(self, rooms: Collection[str]) -> list[Attendee]:
        now = self._clock.monotonic()
        faded = [
            Attendee(room, user)
            for room in dict.fromkeys(rooms)
            for user, held in self._rooms.get(room, {}).items()
            if not _drop_empty(held, now)
        ]
        for room, user in faded:
            self._forget(room, user)
        return faded

    def _forget(self, room: str, user: str) -> None:
        users = self._rooms[room]
        del users[user]
        if not users:
            del self._rooms[room]


def _drop_empty(held: _Seats, now: float) -> bool:
    """Forget seats that nobody renewed; False: no other is left."""
    for connection in [connection for connection, end in held.items() if end <= now]:
        del held[connection]
    return bool(held)
