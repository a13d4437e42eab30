"""Admins made without the web: by the configuration at the first start, or by the command line."""

from pydantic import Secret, TypeAdapter, ValidationError

from api.accounts.hashing import Hashing
from api.accounts.passwords.rules import MIN_LENGTH, check_password
from api.accounts.schemas import Email
from api.errors import Conflict, Detail, Refusal, ValidationFailed
from api.failure import Failed, WrongConfiguration
from api.settings.live import LiveSettings
from api.setup import service
from store.database import Database
from store.users import User

_EMAIL = TypeAdapter(Email)


async def make_configured(
    db: Database, hashing: Hashing, settings: LiveSettings, *, email: str, password: Secret[str]
) -> None:
    """The admin whom the configuration names, unless there is one; never a second time."""
    async with db.read() as reading:
        if await service.has_admin(reading):
            return
    try:
        address = _address(email)
        check_password(password, address, min_length=settings[MIN_LENGTH])
        hashed = await hashing.hash(password)
        async with db.begin() as tx:
            await service.make_configured_admin(tx, email=address, password_hash=hashed)
    except ValidationFailed as wrong:
        raise WrongConfiguration(_beside_the_variable(*wrong.details)) from None
    except Conflict:
        raise WrongConfiguration(
            "HEARTH_ADMIN_EMAIL is the address of somebody who registered already; name another"
        ) from None


async def add(
    db: Database, hashing: Hashing, settings: LiveSettings, *, email: str, password: Secret[str]
) -> User:
    """One more admin, for whoever can run commands on this machine."""
    try:
        address = _address(email)
        check_password(password, address, min_length=settings[MIN_LENGTH])
        hashed = await hashing.hash(password)
        async with db.begin() as tx:
            return await service.add_admin(tx, email=address, password_hash=hashed)
    except Refusal as wrong:
        raise Failed(wrong.message) from None


def _address(email: str) -> str:
    try:
        return _EMAIL.validate_python(email)
    except ValidationError:
        problem = "is no e-mail address; write name@example.org"
        raise ValidationFailed(
            f"The address {problem}.", details=[Detail("email", problem)]
        ) from None


def _beside_the_variable(wrong: Detail) -> str:
    return f"HEARTH_ADMIN_{wrong.field.upper()} {wrong.problem}"
