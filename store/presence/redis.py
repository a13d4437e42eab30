"""Presence of servers that share a Redis.

Each seat is a key that expires by itself, `presence:hb:{room}:{user}:{connection}`, which is what
an operator looks at. Redis can't list keys by a part of their name without walking all of them, so
two sorted sets stand beside, scored by the moment at which the key they stand for expires:

    presence:seats:{room}:{user}    connection → its seat's end
    presence:room:{room}            user → the end of their last seat

A listing reads the room's set and nothing else; who faded stays in it until a sweep takes them out.
All times are Redis's own, since the servers' clocks differ by more than a listing may be wrong.
"""

from collections.abc import Collection, Sequence
from itertools import chain, islice

from store.presence import Attendee, Seat
from store.redis import Script, SharedRedis

# Seats in one script: it holds everything else in Redis up for about a millisecond.
_SEATS_AT_ONCE = 200
# A room that no server sweeps any more has nobody who would want to know who left it.
_ROOM_KEPT_MS = 10 * 60 * 1000

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# KEYS: heartbeat, seats and room for each seat. ARGV: ttl, how long to keep the room, then user and
# connection for each seat. Both return the positions of the seats whose user came or went.
_ENTER = Script(
    _NOW
    + """
local ends, came = now + ARGV[1], {}
for i = 1, #KEYS / 3 do
  local heartbeat, seats, room = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local user, connection = ARGV[2 * i + 1], ARGV[2 * i + 2]
  if tonumber(redis.call('ZSCORE', room, user) or 0) <= now then
    came[#came + 1] = i
  end
  redis.call('SET', heartbeat, '', 'PXAT', ends)
  redis.call('ZREMRANGEBYSCORE', seats, '-inf', now)
  redis.call('ZADD', seats, ends, connection)
  -- Not always this one's: another server may have been given a longer interval.
  local last = redis.call('ZRANGE', seats, -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', seats, last)
  redis.call('ZADD', room, last, user)
  redis.call('PEXPIREAT', room, ends + ARGV[2])
end
return came
"""
)

_LEAVE = Script(
    _NOW
    + """
local gone = {}
for i = 1, #KEYS / 3 do
  local heartbeat, seats, room = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local user, connection = ARGV[2 * i + 1], ARGV[2 * i + 2]
  if tonumber(redis.call('ZSCORE', seats, connection) or 0) > now then
    redis.call('DEL', heartbeat)
    redis.call('ZREM', seats, connection)
    local last = redis.call('ZRANGE', seats, -1, -1, 'WITHSCORES')[2]
    if tonumber(last or 0) > now then
      redis.call('ZADD', room, last, user)
    else
      redis.call('DEL', seats)
      redis.call('ZREM', room, user)
      gone[#gone + 1] = i
    end
  end
end
return gone
"""
)

_PRESENT = Script(
    _NOW
    + """
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
"""
)

_SWEEP = Script(
    _NOW
    + """
local faded = {}
for i, room in ipairs(KEYS) do
  faded[i] = redis.call('ZRANGEBYSCORE', room, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', room, '-inf', now)
end
return faded
"""
)


class RedisPresence:
    def __init__(self, redis: SharedRedis, ttl: float) -> None:
        self._redis = redis
        self._ttl_ms = round(ttl * 1000)

    async def enter(self, seats: Collection[Seat]) -> list[Attendee]:
        return await self._for_seats(_ENTER, seats)

    async def leave(self, seats: Collection[Seat]) -> list[Attendee]:
        return await self._for_seats(_LEAVE, seats)

    async def present(self, room: str) -> list[str]:
        users: list[str] = await self._redis.call(_PRESENT, [_room_key(room)], [])
        return sorted(users)

    async def sweep(self, rooms: Collection[str]) -> list[Attendee]:
        faded: list[Attendee] = []
        remaining = iter(rooms)
        while some := list(islice(remaining, _SEATS_AT_ONCE)):
            users_by_room = await self._redis.call(_SWEEP, [_room_key(room) for room in some], [])
            for room, users in zip(some, users_by_room, strict=True):
                faded += [Attendee(room, user) for user in users]
        return faded

    async def _for_seats(self, script: Script, seats: Collection[Seat]) -> list[Attendee]:
        changed: list[Attendee] = []
        remaining = iter(seats)
        while some := list(islice(remaining, _SEATS_AT_ONCE)):
            keys = list(chain.from_iterable(map(_keys, some)))
            people = chain.from_iterable((seat.user, seat.connection) for seat in some)
            positions: Sequence[int] = await self._redis.call(
                script, keys, [self._ttl_ms, _ROOM_KEPT_MS, *people]
            )
            changed += [Attendee(*some[position - 1][:2]) for position in positions]
        return changed


def _keys(seat: Seat) -> tuple[str, str, str]:
    room, user = _part(seat.room), _part(seat.user)
    return (
        f"presence:hb:{room}:{user}:{_part(seat.connection)}",
        f"presence:seats:{room}:{user}",
        _room_key(seat.room),
    )


def _room_key(room: str) -> str:
    return f"presence:room:{_part(room)}"


def _part(name: str) -> str:
    """A name as a part of a key: only a colon, which ends the part, and % itself are escaped."""
    return name.replace("%", "%25").replace(":", "%3A")
