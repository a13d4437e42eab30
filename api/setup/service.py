"""Who holds the set-up link may do what an admin may, as long as there is no admin."""

from collections.abc import Collection, Mapping
from datetime import datetime

from api.access import Role, Viewer
from api.errors import Refusal, Unauthenticated
from store import setup_link
from store.database import Database

_REFUSED = "This token opens nothing here. Sign in again."


class SetupLinkAuthenticator:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def viewer(self, token: str, now: datetime) -> Viewer:
        # The hash of 256 random bits is compared, so its time tells nothing worth knowing.
        fingerprint = setup_link.fingerprint(token)
        async with self._db.read() as reading:
            if fingerprint != await setup_link.newest(reading):
                raise Unauthenticated(_REFUSED)
        return Viewer(Role.ADMIN, session_id=fingerprint, user_id=None)

    async def ended(self, viewers: Collection[Viewer], now: datetime) -> Mapping[Viewer, Refusal]:
        async with self._db.read() as reading:
            newest = await setup_link.newest(reading)
        return {
            viewer: Unauthenticated(_REFUSED) for viewer in viewers if viewer.session_id != newest
        }
