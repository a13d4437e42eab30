"""Guests: people without an account who come for a watch room, and are gone the day after."""

from datetime import timedelta

from api.access import Role
from api.accounts.registration.names import create_named
from store import users
from store.database import Transaction
from store.envelope import Envelope
from store.users import NewUser, User

KEPT_FOR = timedelta(hours=24)


async def create(tx: Transaction, display_name: str) -> User:
    return await create_named(tx, NewUser(Role.GUEST, "ACTIVE", display_name))


async def sweep(tx: Transaction, envelope: Envelope) -> int:
    """Forget the guests who have not been here for a day, and what the audit log says of them."""
    gone = await users.forget_unseen(tx, Role.GUEST, tx.now - KEPT_FOR)
    for guest_id in gone:
        await envelope.destroy_person_key(tx, guest_id)
    return len(gone)
