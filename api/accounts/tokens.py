"""Access tokens: what a client shows instead of a password, for a quarter of an hour.

They are signed by a symmetric key: whoever checks them is this server, or one that shares its
database and with it the key. The algorithm is ours and is never read from a token.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from pydantic import Secret

from api.errors import Code, Refusal, Unauthenticated
from store.clock import Clock
from store.envelope import StandingKey
from store.ids import parse_id

_ALGORITHM = "HS256"
_ISSUER = "hearth"
# What a token is good for: everything, by the Bearer header; everything, by a cookie; or, by a
# cookie as well, `GET /media/…` alone.
ACCESS = "hearth"
SESSION = "hearth-session"
MEDIA = "hearth-media"
_CLAIMS = ["sub", "role", "sid", "iat", "exp", "jti", "iss", "aud"]
# Servers' clocks differ; a token from further ahead was not made by one of them.
_LEEWAY = 5.0
# A token with a key that nobody knows makes us look for new ones; not more often than this.
_SECONDS_BETWEEN_LOOKS = 1.0

_REFUSED = "This token opens nothing here. Sign in again."
# A new key checks at once and signs from now on only when every server has had time to hear of it.
_SETTLES = timedelta(minutes=2)


ReadKeys = Callable[[], Awaitable[Iterable[StandingKey]]]


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: str
    session_id: str
    expires_at: datetime


class AccessTokens:
    def __init__(self, clock: Clock, read_keys: ReadKeys) -> None:
        self._clock = clock
        self._read_keys = read_keys
        self._keys: Mapping[str, StandingKey] = {}
        self._looked_at = float("-inf")

    def __repr__(self) -> str:
        return "AccessTokens(…)"

    async def refresh(self) -> None:
        """Learn which keys there are."""
        self._keys = {key.id: key for key in await self._read_keys()}

    def issue(
        self, *, user_id: str, role: str, session_id: str, seconds: int, audience: str = ACCESS
    ) -> Secret[str]:
        now = self._clock.now()
        key = self._signing_key(now)
        claims = {
            "sub": user_id,
            "role": role,
            "sid": session_id,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=seconds)).timestamp()),
            "jti": secrets.token_urlsafe(9),
            "iss": _ISSUER,
            "aud": audience,
        }
        return Secret(jwt.encode(claims, key.secret, _ALGORITHM, headers={"kid": key.id}))

    def _signing_key(self, now: datetime) -> StandingKey:
        oldest_first = sorted(self._keys.values(), key=lambda key: key.created_at)
        settled = [key for key in oldest_first if key.created_at + _SETTLES <= now]
        return settled[-1] if settled else oldest_first[0]

    async def read(self, token: str, *, audience: str = ACCESS) -> Claims:
        """What a token says; raises the refusal that tells why it opens nothing."""
        try:
            key = await self._key_of(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=audience,
                issuer=_ISSUER,
                # Times are compared below, by our own clock.
                options={
                    "require": _CLAIMS,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return self._checked(claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            # The rest are numbers and texts of which nobody can tell what they mean.
            raise Unauthenticated(_REFUSED) from None

    async def _key_of(self, token: str) -> bytes:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str):
            raise jwt.InvalidTokenError
        if kid not in self._keys:
            await self._look_for_new()
        if kid not in self._keys:
            raise jwt.InvalidTokenError
        return self._keys[kid].secret

    async def _look_for_new(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked_at >= _SECONDS_BETWEEN_LOOKS:
            self._looked_at = now
            await self.refresh()

    def _checked(self, claims: Mapping[str, Any]) -> Claims:
        now = self._clock.now()
        issued = datetime.fromtimestamp(claims["iat"], UTC)
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        if (issued - now).total_seconds() > _LEEWAY:
            raise jwt.ImmatureSignatureError
        if now >= expires:
            raise Refusal("The token has ended. Get a fresh one.", Code.TOKEN_EXPIRED)
        for prefix, name in (("u", "sub"), ("s", "sid")):
            parse_id(prefix, str(claims[name]))
        return Claims(claims["sub"], claims["sid"], expires)
