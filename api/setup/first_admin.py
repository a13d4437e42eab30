"""Admins made without the web: by the configuration at the first start, or by the command line."""

from pydantic import Secret, TypeAdapter, ValidationError

from api.accounts.hashing import Hashing
from api.accounts.passwords.rules import MIN_LENGTH, check_password
from api.accounts.schemas import Email
from api.errors import Refusal
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
    except (Refusal, ValueError) as wrong:
        raise WrongConfiguration(f"HEARTH_ADMIN_EMAIL, HEARTH_ADMIN_PASSWORD: {wrong}") from None
    hashed = await hashing.hash(password)
    async with db.begin() as tx:
        await service.make_configured_admin(tx, email=address, password_hash=hashed)


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
    except (Refusal, ValueError) as wrong:
        raise Failed(str(wrong)) from None


def _address(email: str) -> str:
    try:
        return _EMAIL.validate_python(email)
    except ValidationError:
        raise ValueError("the e-mail address is none; write name@example.org") from None
