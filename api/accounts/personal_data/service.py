"""Taking one's data along, and leaving: after some days of grace, for good."""

from datetime import datetime, timedelta

from api.access import Role, Viewer
from api.accounts.people import access_child
from api.accounts.personal_data.belongings import Belongings
from api.errors import Conflict, Forbidden, NotFound
from api.settings.declare import whole_number
from store import erasure, users
from store.database import Reading, Transaction
from store.envelope import Envelope
from store.users import User

DELETION_DAYS = whole_number(
    "account_deletion_days",
    default=7,
    minimum=0,
    maximum=90,
    description="How many days of grace an account has that somebody has asked to delete.",
)

_POSTPONED = timedelta(days=1)


async def access_account(db: Reading, viewer: Viewer, user_id: str | None) -> User:
    """The viewer's own account, or that of a child in their care."""
    if user_id is not None and user_id != viewer.user_id:
        return await access_child(db, viewer, user_id)
    assert viewer.user_id is not None
    own = await users.find(db, viewer.user_id)
    if own is None:
        raise NotFound
    return own


async def ask_to_delete(
    tx: Transaction, viewer: Viewer, user_id: str | None, days: int
) -> tuple[User, datetime]:
    """Let an account go when the days of grace are over; asked again, it stays at the first day."""
    await users.lock_admins(tx)
    account = await _lock(tx, viewer, user_id)
    if account.erase_at is not None:
        return account, account.erase_at
    if account.role == Role.ADMIN and await users.count_staying(tx, role=Role.ADMIN) == 1:
        raise Conflict("This is the last admin. Make somebody else one first.")
    if await erasure.depends_on(tx, account.id):
        raise Conflict(
            "There are children with no other guardian. Add one to each, or delete their accounts"
            " first."
        )
    erase_at = tx.now + timedelta(days=days)
    await erasure.plan(tx, account.id, erase_at)
    tx.audit("account.delete", "user", account.id, after={"erase_at": erase_at.isoformat()})
    return account, erase_at


async def keep(tx: Transaction, viewer: Viewer, user_id: str | None) -> None:
    """Call a deletion off."""
    account = await _lock(tx, viewer, user_id)
    if account.erase_at is not None:
        await erasure.plan(tx, account.id, None)
        tx.audit("account.keep", "user", account.id)


async def erase(tx: Transaction, belongings: Belongings, envelope: Envelope, user_id: str) -> bool:
    """Forget somebody whose days of grace are over; False: they are to stay, or still needed."""
    await users.lock_admins(tx)
    account = await users.lock(tx, user_id)
    if account is None or account.erase_at is None or account.erase_at > tx.now:
        return False
    is_last_admin = account.role == Role.ADMIN and not await users.count_staying(
        tx, role=Role.ADMIN
    )
    if is_last_admin or await erasure.depends_on(tx, user_id):
        # The others have gone meanwhile: neither a child nor the house is left alone.
        await erasure.plan(tx, user_id, tx.now + _POSTPONED)
        return False
    await erasure.hand_children_over(tx, user_id)
    await belongings.forget(tx, user_id)
    # What the audit log keeps of them can't be read by anybody from now on.
    await envelope.destroy_person_key(tx, user_id)
    tx.audit("account.erase", "user", user_id)
    tx.standing_changed([user_id])
    await erasure.erase(tx, user_id)
    return True


async def _lock(tx: Transaction, viewer: Viewer, user_id: str | None) -> User:
    account = await access_account(tx, viewer, user_id)
    if viewer.role is Role.CHILD:
        raise Forbidden("Ask a guardian: they decide about your account.")
    locked = await users.lock(tx, account.id)
    if locked is None:
        raise NotFound
    return locked
