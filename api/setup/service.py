"""The first admin: made by whoever holds the set-up link, or named by the configuration."""

from pydantic import Secret

from api.access import Role
from api.accounts.authenticator import link_refusal
from api.accounts.registration.service import make_admin
from api.errors import Code, Refusal
from store import setup_link, users
from store.database import Reading, Transaction
from store.deeds import Actor
from store.users import User


async def has_admin(db: Reading) -> bool:
    return await users.exists(db, role=Role.ADMIN)


async def check_link(db: Reading, token: Secret[str]) -> None:
    """Raises what is wrong with a link that opens nothing."""
    newest = await setup_link.newest(db)
    if setup_link.fingerprint(token.get_secret_value()) != newest:
        raise Refusal(link_refusal(newest).message, Code.INVALID_CREDENTIALS)


async def make_first_admin(
    tx: Transaction, token: Secret[str], *, email: str, password_hash: str, name: str | None
) -> User:
    """Whoever holds the link becomes the admin, and the link is done with."""
    await setup_link.take_turns(tx)
    await check_link(tx, token)
    return await _make(tx, email=email, password_hash=password_hash, name=name)


async def make_configured_admin(tx: Transaction, *, email: str, password_hash: str) -> User | None:
    """The admin whom the configuration names; None: there is one already."""
    await setup_link.take_turns(tx)
    if await has_admin(tx):
        return None
    return await _make(tx, email=email, password_hash=password_hash, name=None)


async def add_admin(
    tx: Transaction, *, email: str, password_hash: str, name: str | None = None
) -> User:
    """One more admin, by whoever runs the server; the first one ends the set-up."""
    await setup_link.take_turns(tx)
    return await _make(tx, email=email, password_hash=password_hash, name=name)


async def _make(tx: Transaction, *, email: str, password_hash: str, name: str | None) -> User:
    admin = await make_admin(tx, email=email, password_hash=password_hash, display_name=name)
    await setup_link.forget(tx)
    if tx.actor.user_id is None:
        tx.actor = Actor(admin.id, tx.actor.ip)
    return admin
