"""Who was seen, and from where: noted in memory, and written down a few times a minute."""

from datetime import datetime

from api.access import Viewer
from store import sessions, users
from store.clock import Clock
from store.database import Database

# `last_seen` is for people to look at: a minute is as good as a second, and costs a sixtieth.
_SECONDS_BETWEEN = 60
_MOST_NOTED = 50_000


class Sightings:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written: dict[str, datetime] = {}
        self._waiting: dict[str, tuple[str, str]] = {}

    def note(self, viewer: Viewer, address: str) -> None:
        if viewer.user_id is None or viewer.session_id in self._waiting:
            return
        before = self._written.get(viewer.session_id)
        if before is None or (self._clock.now() - before).total_seconds() >= _SECONDS_BETWEEN:
            self._waiting[viewer.session_id] = (viewer.user_id, address)

    async def write(self, db: Database) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        async with db.begin() as tx:
            await sessions.seen(tx, {sid: address for sid, (_, address) in waiting.items()})
            await users.seen(tx, {user_id for user_id, _ in waiting.values()})
        if len(self._written) > _MOST_NOTED:
            self._written.clear()
        self._written.update(dict.fromkeys(waiting, tx.now))
