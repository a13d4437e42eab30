"""Whose credential it is, and whether it still opens anything."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import datetime

from api.access import Role, Viewer
from api.accounts import cookies
from api.accounts.tokens import MEDIA, SESSION, AccessTokens, Claims
from api.errors import Code, Forbidden, Refusal, Unauthenticated
from api.keyring import Keyring
from api.settings.declare import switch
from api.settings.live import LiveSettings
from store import refresh_tokens, sessions, setup_link
from store.clock import Clock
from store.database import Database
from store.sessions import End, Session, Standing

REQUIRE_ADMIN_TOTP = switch(
    "require_admin_totp",
    default=False,
    description="Whether admins need a second factor. One who has none can only set one up.",
)

# A session's standing may be this old; those of open sockets are looked at as often.
_CACHED_SECONDS = 1.0
_MOST_CACHED = 10_000
_SETUP = "setup_"
_REFUSED = "This token opens nothing here. Sign in again."
_ENDED = "This session has ended. Sign in again."
REUSED = (
    "A token of this session was used twice, so the session was ended for safety. Sign in again,"
    " and change the password if that was none of your own devices."
)


class AccountAuthenticator:
    def __init__(
        self,
        db: Database,
        tokens: AccessTokens,
        keyring: Keyring,
        settings: LiveSettings,
        clock: Clock,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._keyring = keyring
        self._settings = settings
        self._clock = clock
        self._cached: dict[str, tuple[float, Standing | None]] = {}

    async def viewer(self, token: str, now: datetime) -> Viewer:
        if token.startswith(_SETUP):
            return await self._holder_of_the_setup_link(token)
        return await self._viewer_of(await self._tokens.read(token), now)

    async def cookie_viewer(
        self, cookies_sent: Mapping[str, str], path: str, now: datetime
    ) -> Viewer | None:
        try:
            if path.startswith(f"{cookies.MEDIA_PATH}/") and cookies.MEDIA in cookies_sent:
                return await self._bearer_of(cookies_sent[cookies.MEDIA], MEDIA, now)
            if path.rstrip("/") == cookies.LOGOUT_PATH and cookies.REFRESH in cookies_sent:
                return await self._holder_of_refresh_token(cookies_sent[cookies.REFRESH], now)
            if cookies.SESSION in cookies_sent:
                return await self._bearer_of(cookies_sent[cookies.SESSION], SESSION, now)
        except Refusal as refusal:
            # A cookie comes by itself: one that has ended must not stand in anybody's way.
            if refusal.code.status == Code.UNAUTHENTICATED.status:
                return None
            raise
        return None

    def csrf_token(self, viewer: Viewer) -> str:
        return self.csrf_token_of(viewer.session_id)

    def csrf_token_of(self, session_id: str) -> str:
        mac = hmac.digest(self._keyring.derive("csrf"), session_id.encode(), "sha256")
        return urlsafe_b64encode(mac[:18]).decode()

    async def ended(self, viewers: Collection[Viewer], now: datetime) -> Mapping[Viewer, Refusal]:
        """Asks the database, whatever was known a moment ago."""
        by_link = [viewer for viewer in viewers if viewer.user_id is None]
        signed_in = [viewer for viewer in viewers if viewer.user_id is not None]
        ended: dict[Viewer, Refusal] = {}
        async with self._db.read() as db:
            standings = await sessions.standings(db, {v.session_id for v in signed_in})
            newest = await setup_link.newest(db) if by_link else None
        for viewer in signed_in:
            standing = standings.get(viewer.session_id)
            self._keep(viewer.session_id, standing)
            refusal = _refusal_of(standing, now)
            if refusal is not None:
                ended[viewer] = refusal
        for viewer in by_link:
            if viewer.session_id != newest:
                ended[viewer] = link_refusal(newest)
        return ended

    def forget(self) -> None:
        """Somebody's standing has changed: whoever asks next has it from the database."""
        self._cached.clear()

    async def _bearer_of(self, token: str, audience: str, now: datetime) -> Viewer:
        return await self._viewer_of(await self._tokens.read(token, audience=audience), now)

    async def _viewer_of(self, claims: Claims, now: datetime) -> Viewer:
        standing = await self._standing(claims.session_id)
        refusal = _refusal_of(standing, now)
        if refusal is not None:
            raise refusal
        assert standing is not None
        if standing.session.user_id != claims.user_id:
            raise Unauthenticated(_REFUSED)
        return self._viewer(standing, claims.expires_at)

    async def _holder_of_refresh_token(self, token: str, now: datetime) -> Viewer | None:
        async with self._db.read() as db:
            kept = await refresh_tokens.find(db, token)
            if kept is None:
                return None
            standing = (await sessions.standings(db, [kept.session_id])).get(kept.session_id)
        if standing is None or _refusal_of(standing, now) is not None:
            return None
        return self._viewer(standing, None)

    async def _holder_of_the_setup_link(self, token: str) -> Viewer:
        # The hash of 256 random bits is compared, so its time tells nothing worth knowing.
        fingerprint = setup_link.fingerprint(token)
        async with self._db.read() as db:
            newest = await setup_link.newest(db)
        if fingerprint != newest:
            raise link_refusal(newest)
        return Viewer(Role.ADMIN, session_id=fingerprint, user_id=None)

    def _viewer(self, standing: Standing, expires_at: datetime | None) -> Viewer:
        role = Role(standing.role)
        return Viewer(
            role,
            standing.session.id,
            standing.session.user_id,
            expires_at,
            must_enrol=role is Role.ADMIN
            and not standing.has_second_factor
            and self._settings[REQUIRE_ADMIN_TOTP],
        )

    async def _standing(self, session_id: str) -> Standing | None:
        known = self._cached.get(session_id)
        if known is not None and self._clock.monotonic() - known[0] < _CACHED_SECONDS:
            return known[1]
        async with self._db.read() as db:
            standing = (await sessions.standings(db, [session_id])).get(session_id)
        self._keep(session_id, standing)
        return standing

    def _keep(self, session_id: str, standing: Standing | None) -> None:
        if len(self._cached) >= _MOST_CACHED:
            self._cached.clear()
        self._cached[session_id] = (self._clock.monotonic(), standing)


def _refusal_of(standing: Standing | None, now: datetime) -> Refusal | None:
    """Why a session opens nothing; None: it does."""
    if standing is None:
        return Unauthenticated(_REFUSED)
    if standing.status == "SUSPENDED" or standing.is_held_with_guardians:
        return suspended()
    if standing.status == "PENDING":
        return pending()
    return ending_of(standing.session, now)


def ending_of(session: Session, now: datetime) -> Refusal | None:
    if session.ended_at is not None:
        if session.end == End.REUSE:
            return Refusal(REUSED, Code.REFRESH_REUSED)
        return Unauthenticated(_ENDED)
    if now >= session.expires_at:
        return Refusal(_ENDED, Code.TOKEN_EXPIRED)
    return None


def link_refusal(newest: str | None) -> Refusal:
    """Why a set-up link opens nothing: a newer one does, or none does any more."""
    if newest is None:
        return Refusal(
            "The set-up link ended when this house got its admin. Sign in instead.",
            Code.TOKEN_EXPIRED,
        )
    return Unauthenticated(
        "This link has been replaced by a newer one. Start the server again and open the link that"
        " it prints then."
    )


def suspended() -> Refusal:
    return Forbidden("This account is suspended. Ask whoever runs this house.", Code.SUSPENDED)


def pending() -> Refusal:
    return Forbidden(
        "An admin has yet to approve this account. You can sign in as soon as that is done.",
        Code.PENDING_APPROVAL,
    )
