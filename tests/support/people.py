"""People to sign in as, where accounts are not what is tested."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime

from api.access import Role, Viewer
from api.errors import Code, Refusal, Unauthenticated
from store.ids import new_id
from tests.support.clock import START


class People:
    """An authenticator whose tokens a test makes and ends at will."""

    def __init__(self) -> None:
        self._viewers: dict[str, Viewer] = {}
        self._ended: dict[str, Refusal] = {}

    def sign_in(
        self,
        role: Role = Role.PARENT,
        *,
        expires_at: datetime | None = None,
        user_id: str | None = None,
    ) -> str:
        token = secrets.token_urlsafe(16)
        user_id = user_id or new_id("u", START)
        self._viewers[token] = Viewer(role, new_id("s", START), user_id, expires_at)
        return token

    def viewer_of(self, token: str) -> Viewer:
        return self._viewers[token]

    def end(self, token: str, refusal: Refusal | None = None) -> None:
        viewer = self._viewers.pop(token)
        self._ended[viewer.session_id] = refusal or Unauthenticated("You were signed out.")

    async def viewer(self, token: str, now: datetime) -> Viewer:
        viewer = self._viewers.get(token)
        if viewer is None:
            raise Unauthenticated("This token opens nothing here. Sign in again.")
        if viewer.expires_at is not None and now >= viewer.expires_at:
            raise Refusal("The token has ended. Get a fresh one.", Code.TOKEN_EXPIRED)
        return viewer

    async def cookie_viewer(
        self, cookies: Mapping[str, str], path: str, now: datetime
    ) -> Viewer | None:
        return None

    def csrf_token(self, viewer: Viewer) -> str:
        return viewer.session_id

    def forget(self) -> None: ...

    async def ended(self, viewers: Collection[Viewer], now: datetime) -> Mapping[Viewer, Refusal]:
        return {
            viewer: self._ended[viewer.session_id]
            for viewer in viewers
            if viewer.session_id in self._ended
        }
