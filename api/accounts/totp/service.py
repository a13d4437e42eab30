"""The rules of the second factor: enrolment, a first code, codes that serve once, and the end."""

import re
from dataclasses import dataclass
from typing import Self

from pydantic import Secret

from api.access import Role
from api.accounts.authenticator import REQUIRE_ADMIN_TOTP
from api.accounts.totp import one_time_codes, recovery_codes
from api.errors import Code, Conflict, NotFound, Refusal
from api.settings.live import LiveSettings
from store import second_factors, users
from store.database import Reading, Transaction
from store.envelope import Envelope
from store.second_factors import SecondFactor
from store.users import User

_KIND = "totp"
# Authenticators show their digits in groups, recovery codes come in groups, and telephones make
# other dashes out of hyphens.
_SEPARATORS = re.compile(r"[\s\u2010-\u2015-]+")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What goes into an authenticator."""

    secret: Secret[str]
    otpauth_url: Secret[str]

    @classmethod
    def of(cls, secret: bytes, username: str) -> Self:
        return cls(
            Secret(one_time_codes.spell_secret(secret)),
            Secret(one_time_codes.otpauth_url(secret, username)),
        )


class SecondFactors:
    def __init__(self, envelope: Envelope, settings: LiveSettings) -> None:
        self._envelope = envelope
        self._settings = settings

    async def fits(self, tx: Transaction, user_id: str, code: Secret[str]) -> bool:
        """Whether the code is of this moment, or a recovery code; it serves no second time."""
        user = await users.lock(tx, user_id)
        if user is None or user.second_factor_at is None:
            return False
        factor = await second_factors.find(tx, user_id)
        assert factor is not None
        secret = await self._open(tx, factor)
        typed = _typed(code)
        if len(typed) != one_time_codes.DIGITS:
            hash_ = recovery_codes.fingerprint(secret, typed)
            return await second_factors.use_recovery_code(tx, user_id, hash_)
        return await _use(tx, factor, secret, typed)

    async def enrol(self, tx: Transaction, user_id: str) -> Enrolment:
        """A new secret, which counts once a code of it has come; one that waits for its is gone."""
        user = await _lock(tx, user_id)
        if user.second_factor_at is not None:
            raise Conflict("You have a second factor. Turn it off before you set up another.")
        await self.forget(tx, user_id)
        secret = one_time_codes.make_secret()
        sealed = await self._envelope.seal(tx, secret, kind=_KIND, record=user_id, owner=user_id)
        await second_factors.add(tx, user_id, sealed)
        return Enrolment.of(secret, user.username)

    async def confirm(self, tx: Transaction, user_id: str, code: Secret[str]) -> list[Secret[str]]:
        """Ask for the factor from now on; gives the recovery codes, in the only copy there is."""
        user = await _lock(tx, user_id)
        if user.second_factor_at is not None:
            raise Conflict("Your second factor is on already. Turn it off to begin anew.")
        factor = await second_factors.find(tx, user_id)
        if factor is None:
            raise Conflict("Get a secret for your authenticator first, then send its code.")
        secret = await self._open(tx, factor)
        if not await _use(tx, factor, secret, _typed(code)):
            raise _wrong()
        codes = recovery_codes.make_codes()
        hashes = [recovery_codes.fingerprint(secret, _typed(made)) for made in codes]
        await second_factors.keep_recovery_codes(tx, user_id, hashes)
        await users.change(tx, user_id, second_factor_at=tx.now)
        tx.audit("account.totp_enable", "user", user_id)
        tx.standing_changed([user_id])
        return codes

    async def remove(
        self, tx: Transaction, user_id: str, code: Secret[str], *, password_hash: str
    ) -> None:
        """Go without a second factor again, for who knew the password that has this hash.

        Somebody who has none is where they want to be: they may have lost the answer.
        """
        user = await _lock(tx, user_id)
        if await users.password_hash(tx, user_id) != password_hash:
            raise Refusal(
                "The password was changed by somebody else at this moment. Try again.",
                Code.INVALID_CREDENTIALS,
            )
        if user.second_factor_at is None:
            return
        if user.role == Role.ADMIN and self._settings[REQUIRE_ADMIN_TOTP]:
            raise Conflict(
                "This house wants a second factor of its admins. Turn that setting off first."
            )
        if not await self.fits(tx, user_id, code):
            raise _wrong()
        await self.forget(tx, user_id)
        await users.change(tx, user_id, second_factor_at=None)
        tx.audit("account.totp_disable", "user", user_id)
        tx.standing_changed([user_id])

    async def forget(self, tx: Transaction, user_id: str) -> None:
        """Destroy the secret, its key and the recovery codes, if there are any."""
        factor = await second_factors.find(tx, user_id)
        if factor is not None:
            await second_factors.remove(tx, user_id)
            await self._envelope.forget(tx, factor.sealed.key_id)

    async def _open(self, db: Reading, factor: SecondFactor) -> bytes:
        user_id = factor.user_id
        return await self._envelope.open(db, factor.sealed, record=user_id, owner=user_id)


async def _use(tx: Transaction, factor: SecondFactor, secret: bytes, typed: str) -> bool:
    """Whether it is a code of the authenticator's that has not served; now it has."""
    step = one_time_codes.step_of(secret, typed, tx.now, factor.last_step)
    if step is None:
        return False
    await second_factors.use_step(tx, factor.user_id, step)
    return True


async def _lock(tx: Transaction, user_id: str) -> User:
    user = await users.lock(tx, user_id)
    if user is None:
        raise NotFound
    return user


def _typed(code: Secret[str]) -> str:
    return _SEPARATORS.sub("", code.get_secret_value())


def _wrong() -> Refusal:
    return Refusal(
        "That code does not fit, or was used before. Wait for the next one.",
        Code.INVALID_CREDENTIALS,
    )
