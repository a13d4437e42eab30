"""Who is asking, and what they may do.

A credential (a Bearer token, or a cookie) becomes a `Viewer` through the `Authenticator`, the only
way in. Objects are then reached through each feature's `access_*`
functions, which answer `NotFound` for what the viewer may not know of.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from api.errors import Code, Forbidden, Refusal, Unauthenticated


class Role(StrEnum):
    ADMIN = "ADMIN"
    PARENT = "PARENT"
    CHILD = "CHILD"
    GUEST = "GUEST"


Roles = frozenset[Role]

# An admin is a parent too, wherever a rule says parent.
ADMINS: Roles = frozenset({Role.ADMIN})
PARENTS: Roles = frozenset({Role.ADMIN, Role.PARENT})
CHILDREN: Roles = frozenset({Role.CHILD})
MEMBERS: Roles = frozenset({Role.ADMIN, Role.PARENT, Role.CHILD})
EVERYONE: Roles = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody signed in, for as long as one request or one socket lasts."""

    role: Role
    session_id: str
    # None for whoever holds the set-up link: no account exists yet.
    user_id: str | None
    # When the token ends; a socket outlives it only with a fresh one.
    expires_at: datetime | None = None
    # An admin who owes a second factor may see to that, and do nothing else.
    must_enrol: bool = False


class Authenticator(Protocol):
    async def viewer(self, token: str, now: datetime) -> Viewer:
        """Whose token this is; raises the refusal that tells why it opens nothing."""

    async def cookie_viewer(
        self, cookies: Mapping[str, str], path: str, now: datetime
    ) -> Viewer | None:
        """Who is signed in by a cookie that counts on this path; a cookie that opens nothing is
        as good as none."""

    def csrf_token(self, viewer: Viewer) -> str:
        """What a page of ours shows beside its cookie, and a stranger's page can't know."""

    def forget(self) -> None:
        """Somebody's standing has changed: what is remembered of it counts no more."""

    async def ended(self, viewers: Collection[Viewer], now: datetime) -> Mapping[Viewer, Refusal]:
        """Which of these have lost their standing since they came in, and why."""


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization` header; another scheme than Bearer is none of ours."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    if not token.isascii():
        raise Unauthenticated("That is no token: it holds letters that no token has.")
    return token.strip()


def require_role(
    viewer: Viewer | None,
    roles: Roles | None,
    *,
    while_enrolling: bool = False,
    while_setting_up: bool = False,
) -> None:
    """Refuse whoever is not among the roles; no roles: the door is open."""
    if roles is None:
        return
    if viewer is None:
        raise Unauthenticated("Sign in first.")
    if viewer.user_id is None and not while_setting_up:
        raise Forbidden("The set-up link is nobody's account. Make one with it first.")
    if viewer.must_enrol and not while_enrolling:
        raise Refusal(
            "This house wants a second factor of its admins. Set one up first.",
            Code.TOTP_ENROLMENT_REQUIRED,
        )
    if viewer.role not in roles:
        raise Forbidden("Your account may not do this.")
