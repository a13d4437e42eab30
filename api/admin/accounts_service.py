"""What admins do with accounts."""

from pydantic import Secret

from api.access import Role
from api.errors import Conflict, NotFound
from store import families, reset_links, sessions, users
from store.database import Transaction
from store.sessions import End
from store.users import User


async def suspend(tx: Transaction, user_id: str, reason: str | None) -> User:
    """Hold an account: its sessions end, and a parent's children wait with them.

    One that waits for approval is turned away by this.
    """
    # One after the other: of two admins who suspend each other at once, one has to stay.
    await users.lock_admins(tx)
    user = await _lock(tx, user_id)
    if user.status == "SUSPENDED":
        return user
    if user.role == Role.ADMIN:
        others = await users.count_staying(tx, role=Role.ADMIN) - (user.erase_at is None)
        if others < 1:
            raise Conflict("This is the last admin. Make somebody else one first.")
    suspended = await users.change(tx, user_id, status="SUSPENDED")
    assert suspended is not None
    await sessions.end_all(tx, [user_id], End.SUSPENSION)
    await _children_ask_again(tx, user_id)
    tx.audit(
        "account.suspend",
        "user",
        user_id,
        before={"status": user.status},
        after={"status": "SUSPENDED", "reason": reason},
        concerns=user_id,
    )
    return suspended


async def restore(tx: Transaction, user_id: str) -> User:
    """Put a suspended account back into use; the person signs in anew."""
    user = await _lock(tx, user_id)
    if user.status == "ACTIVE":
        return user
    if user.status == "PENDING":
        raise Conflict("This account waits for approval. Approve it instead.")
    # Who was turned away at the door waits there again.
    was_let_in = user.role != Role.PARENT or await families.has_seat(tx, user_id)
    status = "ACTIVE" if was_let_in else "PENDING"
    restored = await users.change(tx, user_id, status=status)
    assert restored is not None
    await _children_ask_again(tx, user_id)
    tx.audit(
        "account.restore",
        "user",
        user_id,
        before={"status": "SUSPENDED"},
        after={"status": status},
    )
    return restored


async def make_reset_link(tx: Transaction, user_id: str) -> Secret[str]:
    """The token of a one-time link; from now on the old password serves no more."""
    user = await _lock(tx, user_id)
    if user.role == Role.GUEST:
        raise NotFound
    await users.change(tx, user_id, password_hash=None)
    await sessions.end_all(tx, [user_id], End.PASSWORD)
    token = await reset_links.make(tx, user_id)
    tx.audit("account.reset_password", "user", user_id)
    return Secret(token)


async def _lock(tx: Transaction, user_id: str) -> User:
    user = await users.lock(tx, user_id)
    if user is None:
        raise NotFound
    return user


async def _children_ask_again(tx: Transaction, guardian_id: str) -> None:
    tx.standing_changed([child.id for child in await families.children(tx, guardian_id)])
