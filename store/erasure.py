"""The end of an account: what is asked for, and what is then gone."""

from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import aliased

from store.database import Reading, Transaction
from store.families import GuardianRow
from store.users import UserRow


async def plan(tx: Transaction, user_id: str, erase_at: datetime | None) -> None:
    """Set when the account goes; None: it stays after all."""
    await tx.execute(update(UserRow).where(UserRow.id == user_id).values(erase_at=erase_at))


async def due(db: Reading, limit: int) -> list[str]:
    """Whose days of grace are over."""
    query = select(UserRow.id).where(UserRow.erase_at <= db.now).order_by(UserRow.erase_at)
    return list(await db.scalars(query.limit(limit)))


async def depends_on(db: Reading, guardian_id: str) -> bool:
    """Whether a child who stays has nobody else who stays."""
    child, other, other_guardian = aliased(UserRow), aliased(GuardianRow), aliased(UserRow)
    has_another = exists().where(
        other.child_id == child.id,
        other.guardian_id != guardian_id,
        other_guardian.id == other.guardian_id,
        other_guardian.erase_at.is_(None),
    )
    query = (
        select(func.count())
        .select_from(GuardianRow)
        .join(child, child.id == GuardianRow.child_id)
        .where(GuardianRow.guardian_id == guardian_id, child.erase_at.is_(None), ~has_another)
    )
    return bool(await db.scalar(query))


async def hand_children_over(tx: Transaction, guardian_id: str) -> None:
    """Whoever was added first after the primary guardian takes their place."""
    heir = (
        select(GuardianRow.guardian_id)
        .where(GuardianRow.child_id == UserRow.id, GuardianRow.guardian_id != guardian_id)
        .order_by(GuardianRow.added_at, GuardianRow.guardian_id)
        .limit(1)
        .scalar_subquery()
    )
    await tx.execute(update(UserRow).where(UserRow.parent_id == guardian_id).values(parent_id=heir))


async def erase(tx: Transaction, user_id: str) -> None:
    """Forget the person; what else is theirs goes with their row."""
    await tx.execute(delete(UserRow).where(UserRow.id == user_id))
