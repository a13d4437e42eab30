"""Signing in, going on and signing out: the one door, whatever the form of the request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from pydantic import Secret

from api.access import Role, Viewer
from api.accounts.authenticator import REUSED, ending_of, pending, suspended
from api.accounts.hashing import Hashing
from api.accounts.tokens import ACCESS, MEDIA, SESSION, AccessTokens
from api.errors import Code, Refusal, Unauthenticated
from api.settings.declare import whole_number
from api.settings.live import LiveSettings
from store import families, refresh_tokens, sessions, users
from store.clock import Clock
from store.database import Database, Reading, Transaction
from store.lockout import Lockout
from store.sessions import Device, End, Session
from store.users import User

# The environment gives these two their first value.
ACCESS_SECONDS = whole_number(
    "access_token_seconds",
    default=900,
    minimum=60,
    maximum=86_400,
    description="How long an access token lasts, in seconds.",
)
REFRESH_SECONDS = whole_number(
    "refresh_token_seconds",
    default=604_800,
    minimum=300,
    maximum=31_536_000,
    description="How long somebody stays signed in who does not come back, in seconds.",
)
SINGLE_TOKEN_SECONDS = whole_number(
    "single_token_seconds",
    default=86_400,
    minimum=300,
    maximum=2_592_000,
    description="How long a sign-in lasts that has nothing to renew it, in seconds.",
)


class Form(StrEnum):
    """What a client gets when it signs in."""

    # An access token, and a refresh token that gets the next.
    PAIR = "pair"
    # An access token for the whole session.
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Somebody who has shown who they are, and by which password, if by one."""

    user: User
    password_hash: str | None = field(default=None, repr=False)
    better_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody, and the session that they have begun or gone on with."""

    user: User
    families: list[str]
    session_id: str
    seconds: int
    access: Secret[str]
    session_seconds: int
    media: Secret[str]
    refresh: Secret[str] | None = None
    cookie: Secret[str] | None = None


class SecondFactor(Protocol):
    async def fits(self, tx: Transaction, user_id: str, code: Secret[str]) -> bool:
        """Whether the code is of this moment, or a recovery code; it serves no second time."""


class FrontDoor:
    """Everybody comes in here, and whoever guesses stays outside."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        settings: LiveSettings,
        hashing: Hashing,
        lockout: Lockout,
        tokens: AccessTokens,
        second_factor: SecondFactor,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._hashing = hashing
        self._lockout = lockout
        self._tokens = tokens
        self._second_factor = second_factor

    async def recognise(
        self, name: str, password: Secret[str], code: Secret[str] | None
    ) -> Recognised:
        """Who signs in by name and password; raises what stands in their way.

        A name without an account takes the same time and locks in the same way.
        """
        async with self._db.read() as db:
            user = await users.by_login(db, name)
            kept = await users.password_hash(db, user.id) if user else None
        guessed_at = lock_of(user.id) if user else _lock_of_nobody(name)
        await self._attempt(guessed_at)
        if not await self._hashing.verify(kept, password) or user is None:
            raise _wrong()
        await self.admit(user, guessed_at, code)
        assert kept is not None
        better = await self._hashing.hash(password) if self._hashing.is_outdated(kept) else None
        return Recognised(user, kept, better)

    async def admit(self, user: User, guessed_at: str, code: Secret[str] | None) -> None:
        """What there is to ask of somebody who has shown the first half of who they are."""
        async with self._db.read() as db:
            await self._refuse_unwanted(db, user, guessed_at)
        if user.second_factor_at is not None:
            await self._check_code(user, guessed_at, code)
        await self._lockout.succeeded(guessed_at)

    async def vouched_for(self, user: User, code: Secret[str] | None) -> Recognised:
        """Somebody whom a provider knows; what else is asked of them is as at any sign-in."""
        guessed_at = lock_of(user.id)
        await self._attempt(guessed_at)
        await self.admit(user, guessed_at, code)
        return Recognised(user)

    async def confirm_password(self, user_id: str, password: Secret[str]) -> str:
        """Somebody who is signed in shows that it is still they; gives the hash that it fits."""
        async with self.guessing(user_id):
            return await self.check_password(user_id, password)

    @asynccontextmanager
    async def guessing(self, user_id: str) -> AsyncIterator[None]:
        """What somebody who is signed in gets wrong in here counts as a wrong password.

        What they get right forgets nothing of what was got wrong before. Else whoever has a session
        and knows the password could go on guessing at the second factor for ever.
        """
        await self._attempt(lock_of(user_id))
        try:
            yield
        except Refusal as refusal:
            if refusal.code != Code.INVALID_CREDENTIALS:
                await self._lockout.withdraw(lock_of(user_id))
            raise
        await self._lockout.withdraw(lock_of(user_id))

    async def check_password(self, user_id: str, password: Secret[str]) -> str:
        """The hash that the password fits; whether it may be tried is for `guessing` to say."""
        async with self._db.read() as db:
            kept = await users.password_hash(db, user_id)
        if not await self._hashing.verify(kept, password):
            raise _wrong("That is not your password. Try again.")
        assert kept is not None
        return kept

    async def unlock(self, user_id: str) -> None:
        """Somebody has a new password, by a link that only they were given."""
        await self._lockout.succeeded(lock_of(user_id))

    async def open(
        self, tx: Transaction, recognised: Recognised, device: Device, form: Form
    ) -> SignedIn:
        """Begin a session for somebody who was recognised a moment ago, and is still wanted."""
        user = await users.lock(tx, recognised.user.id)
        if user is None or user.status != "ACTIVE":
            raise _wrong()
        if recognised.password_hash is not None:
            if await users.password_hash(tx, user.id) != recognised.password_hash:
                raise _wrong()  # it was changed since, and ended all sessions
            if recognised.better_hash is not None:
                await users.change(tx, user.id, password_hash=recognised.better_hash)
        user = replace(user, last_seen=tx.now)
        await users.change(tx, user.id, last_seen=tx.now)
        seconds = self._session_seconds(form)
        expires_at = tx.now + timedelta(seconds=seconds)
        session = await sessions.open_session(tx, user.id, device, expires_at)
        if form is Form.SINGLE:
            return await self._signed_in(tx, user, session, access_seconds=seconds)
        token = await refresh_tokens.issue(tx, session.id, expires_at)
        return await self._signed_in(tx, user, session, refresh=Secret(token))

    async def go_on(self, token: Secret[str], device: Device, *, with_grace: bool) -> SignedIn:
        """Exchange a refresh token for fresh ones; whoever brings an old one ends the session."""
        async with self._db.begin() as tx:
            outcome = await self._exchange(tx, token.get_secret_value(), device, with_grace)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def leave(self, tx: Transaction, viewer: Viewer, *, everywhere: bool) -> None:
        assert viewer.user_id is not None
        if everywhere:
            await sessions.end_all(tx, [viewer.user_id], End.LOGOUT)
            return
        session = await sessions.lock(tx, viewer.session_id)
        if session is not None:
            await sessions.end_one(tx, session, End.LOGOUT)

    async def leave_by_token(self, tx: Transaction, token: Secret[str]) -> None:
        """End the session of a refresh token; a token that nobody knows has none to end."""
        kept = await refresh_tokens.find(tx, token.get_secret_value())
        session = await sessions.lock(tx, kept.session_id) if kept else None
        if session is not None:
            await sessions.end_one(tx, session, End.LOGOUT)

    async def _exchange(
        self, tx: Transaction, token: str, device: Device, with_grace: bool
    ) -> SignedIn | Refusal:
        """A refusal is returned, not raised: what it rests on is to be committed."""
        known = await refresh_tokens.find(tx, token)
        session = await sessions.lock(tx, known.session_id) if known else None
        kept = await refresh_tokens.find(tx, token)
        if session is None or kept is None:
            return Unauthenticated("Nobody is signed in by this token. Sign in again.")
        user = await users.find(tx, session.user_id)
        assert user is not None
        refusal = await _unwanted(tx, user) or ending_of(session, tx.now)
        if refusal is not None:
            return refusal
        if kept.used_at is None and not kept.passed_over:
            await refresh_tokens.use(tx, kept, device.user_agent)
        elif not (with_grace and await refresh_tokens.may_be_repeated(tx, kept, device.user_agent)):
            await sessions.end_one(tx, session, End.REUSE)
            return Refusal(REUSED, Code.REFRESH_REUSED)
        expires_at = tx.now + timedelta(seconds=self._session_seconds(Form.PAIR))
        fresh = await refresh_tokens.issue(tx, session.id, expires_at, parent=kept)
        await sessions.prolong(tx, session.id, device, expires_at)
        return await self._signed_in(tx, user, session, refresh=Secret(fresh))

    async def _signed_in(
        self,
        db: Reading,
        user: User,
        session: Session,
        *,
        access_seconds: int | None = None,
        refresh: Secret[str] | None = None,
    ) -> SignedIn:
        seconds = access_seconds or self._settings[ACCESS_SECONDS]
        session_seconds = self._session_seconds(Form.PAIR if refresh else Form.SINGLE)

        def token(audience: str, seconds: int) -> Secret[str]:
            return self._tokens.issue(
                user_id=user.id,
                role=user.role,
                session_id=session.id,
                seconds=seconds,
                audience=audience,
            )

        return SignedIn(
            user=user,
            families=(await families.families_of(db, [user.id])).get(user.id, []),
            session_id=session.id,
            seconds=seconds,
            access=token(ACCESS, seconds),
            session_seconds=session_seconds,
            media=token(MEDIA, session_seconds),
            refresh=refresh,
            cookie=None if refresh else token(SESSION, session_seconds),
        )

    def _session_seconds(self, form: Form) -> int:
        return self._settings[REFRESH_SECONDS if form is Form.PAIR else SINGLE_TOKEN_SECONDS]

    async def _refuse_unwanted(self, db: Reading, user: User, guessed_at: str) -> None:
        refusal = await _unwanted(db, user)
        if refusal is not None:
            await self._lockout.succeeded(guessed_at)
            raise refusal

    async def _check_code(self, user: User, guessed_at: str, code: Secret[str] | None) -> None:
        if code is None:
            # Neither right nor wrong. Were it a success, it would forget the codes guessed before.
            await self._lockout.withdraw(guessed_at)
            raise Refusal(
                "Send the six digits that your authenticator shows, too.", Code.TOTP_REQUIRED
            )
        async with self._db.begin() as tx:
            fits = await self._second_factor.fits(tx, user.id, code)
        if not fits:
            raise _wrong("That code does not fit, or was used before. Wait for the next one.")

    async def _attempt(self, guessed_at: str) -> None:
        now = self._clock.now().timestamp()
        until = await self._lockout.attempt(guessed_at, now)
        if until is not None:
            raise _locked(until - now)


async def _unwanted(db: Reading, user: User) -> Refusal | None:
    """Why somebody may not come in although they are who they say; None: they may."""
    if user.status == "PENDING":
        return pending()
    if user.status == "SUSPENDED":
        return suspended()
    if user.role == Role.CHILD:
        guardians = await families.guardians(db, user.id)
        if all(guardian.status == "SUSPENDED" for guardian in guardians):
            return suspended()
    return None


def lock_of(user_id: str) -> str:
    """What guesses at somebody's password are counted by."""
    return f"password:{user_id}"


def _lock_of_nobody(name: str) -> str:
    # By its hash: whatever somebody typed is no key to keep, and may well be a password.
    return f"password:{sha256(name.lower().encode(errors='replace')).hexdigest()}"


def _wrong(
    words: str = "That name and password do not fit together. Check both and try again.",
) -> Refusal:
    return Refusal(words, Code.INVALID_CREDENTIALS)


def _locked(seconds: float) -> Refusal:
    return Refusal(
        "There were too many wrong attempts. Wait a quarter of an hour, or ask an admin for a"
        " reset link.",
        Code.LOCKED,
        retry_after=seconds,
    )
