"""Changing a password, by who knows the old one or holds a one-time link."""

from api.errors import Code, Refusal
from store import reset_links, sessions, users
from store.database import Transaction
from store.deeds import Actor
from store.sessions import End


async def change(
    tx: Transaction, user_id: str, *, old_hash: str, new_hash: str, session_id: str
) -> None:
    """Set another password; all sessions end but the one that asks for it."""
    await users.lock(tx, user_id)
    if await users.password_hash(tx, user_id) != old_hash:
        raise Refusal(
            "The password was changed by somebody else at this moment. Try again.",
            Code.INVALID_CREDENTIALS,
        )
    await users.change(tx, user_id, password_hash=new_hash)
    await sessions.end_all(tx, [user_id], End.PASSWORD, but=session_id)
    tx.audit("password.change", "user", user_id)


async def reset(tx: Transaction, token: str, new_hash: str) -> str:
    """Set a password by a one-time link; gives whose it is."""
    # The person first, then the link, as whoever makes a link does.
    user_id = await reset_links.whose(tx, token)
    if user_id is not None:
        await users.lock(tx, user_id)
    if user_id is None or await reset_links.use(tx, token) != user_id:
        raise Refusal(
            "This link has been used, is too old, or has been replaced by a newer one. Ask an admin"
            " for another.",
            Code.INVALID_CREDENTIALS,
        )
    # Nobody is signed in: whoever holds the link acts for themself.
    tx.actor = Actor(user_id, tx.actor.ip)
    await users.change(tx, user_id, password_hash=new_hash)
    await sessions.end_all(tx, [user_id], End.PASSWORD)
    tx.audit("password.reset", "user", user_id)
    return user_id
