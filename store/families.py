"""Families: who belongs together, and who answers for which child.

A family is a table with seats: an adult takes one when an admin lets them in. All else follows from
who is a guardian of whom, and is never stored, so that it can't be out of date: an added guardian
belongs where the child's primary guardian has a seat, and a child wherever one of its guardians has
one. It goes no further than that: to name somebody a guardian of one's own child makes no family of
oneself and theirs.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Subquery, delete, exists, select, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, aliased, mapped_column

from store.database import Reading, Transaction
from store.ids import Id, new_id
from store.schema import Base
from store.users import USER, User, UserRow


class FamilyRow(Base):
    __tablename__ = "families"

    id: Mapped[str] = mapped_column(Id("f"), primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class SeatRow(Base):
    __tablename__ = "family_seats"

    family_id: Mapped[str] = mapped_column(Id("f"), ForeignKey("families.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seated_at: Mapped[datetime]


class GuardianRow(Base):
    __tablename__ = "guardians"

    child_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    guardian_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    added_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Family:
    id: str
    name: str


def membership() -> Subquery:
    """Every (family_id, user_id) there is; the one definition of who belongs to a family."""
    child = aliased(UserRow)
    seated = select(SeatRow.family_id, SeatRow.user_id)
    added = (
        select(SeatRow.family_id, GuardianRow.guardian_id.label("user_id"))
        .join(child, child.parent_id == SeatRow.user_id)
        .join(GuardianRow, GuardianRow.child_id == child.id)
    )
    children = select(SeatRow.family_id, GuardianRow.child_id.label("user_id")).join(
        GuardianRow, GuardianRow.guardian_id == SeatRow.user_id
    )
    return union(seated, added, children).subquery()


async def found(tx: Transaction, name: str) -> Family:
    family = Family(new_id("f", tx.now), name)
    await tx.execute(insert(FamilyRow).values(id=family.id, name=name, created_at=tx.now))
    return family


async def find(db: Reading, family_id: str) -> Family | None:
    row = (
        await db.execute(select(FamilyRow.id, FamilyRow.name).where(FamilyRow.id == family_id))
    ).one_or_none()
    return None if row is None else Family(*row)


async def seat(tx: Transaction, family_id: str, user_id: str) -> None:
    await tx.execute(
        insert(SeatRow)
        .values(family_id=family_id, user_id=user_id, seated_at=tx.now)
        .on_conflict_do_nothing()
    )


async def has_seat(db: Reading, user_id: str) -> bool:
    """Whether somebody was ever let in."""
    return bool(await db.scalar(select(exists().where(SeatRow.user_id == user_id))))


async def families_of(db: Reading, user_ids: Collection[str]) -> Mapping[str, list[str]]:
    """The families of each of these people, the oldest first."""
    member = membership()
    rows = await db.execute(
        select(member.c.user_id, member.c.family_id).where(member.c.user_id.in_(user_ids))
    )
    families: dict[str, list[str]] = defaultdict(list)
    for user_id, family_id in rows:
        families[user_id].append(family_id)
    return {user_id: sorted(ids) for user_id, ids in families.items()}


def is_family_of(user_id: str) -> Any:
    """A condition on `UserRow`: the person themself, or anyone who shares a family with them."""
    mine, theirs = membership(), membership()
    shared = (
        select(theirs.c.user_id)
        .join(mine, mine.c.family_id == theirs.c.family_id)
        .where(mine.c.user_id == user_id)
    )
    return (UserRow.id == user_id) | UserRow.id.in_(shared)


async def are_family(db: Reading, user_id: str, other_id: str) -> bool:
    return bool(
        await db.scalar(select(exists().where(UserRow.id == other_id, is_family_of(user_id))))
    )


async def add_guardian(tx: Transaction, child_id: str, guardian_id: str) -> bool:
    """Whether this changed anything."""
    added = await tx.execute(
        insert(GuardianRow)
        .values(child_id=child_id, guardian_id=guardian_id, added_at=tx.now)
        .on_conflict_do_nothing()
    )
    return bool(added.rowcount)


async def remove_guardian(tx: Transaction, child_id: str, guardian_id: str) -> bool:
    removed = await tx.execute(
        delete(GuardianRow).where(
            GuardianRow.child_id == child_id, GuardianRow.guardian_id == guardian_id
        )
    )
    return bool(removed.rowcount)


async def guardians(db: Reading, child_id: str) -> list[User]:
    """All guardians of a child, the primary one first, then as they were added."""
    child = aliased(UserRow)
    rows = await db.execute(
        select(*USER)
        .join(GuardianRow, GuardianRow.guardian_id == UserRow.id)
        .join(child, child.id == GuardianRow.child_id)
        .where(GuardianRow.child_id == child_id)
        .order_by((child.parent_id == UserRow.id).desc(), GuardianRow.added_at, UserRow.id)
    )
    return [User(*row) for row in rows]


async def children(
    db: Reading, guardian_id: str, limit: int | None = None, behind: str | None = None
) -> list[User]:
    """Those in somebody's care, the first to come first."""
    query = (
        select(*USER)
        .join(GuardianRow, GuardianRow.child_id == UserRow.id)
        .where(GuardianRow.guardian_id == guardian_id)
        .order_by(UserRow.id)
        .limit(limit)
    )
    if behind is not None:
        query = query.where(UserRow.id > behind)
    return [User(*row) for row in await db.execute(query)]


async def is_guardian(db: Reading, guardian_id: str, child_id: str) -> bool:
    return bool(
        await db.scalar(
            select(
                exists().where(
                    GuardianRow.guardian_id == guardian_id, GuardianRow.child_id == child_id
                )
            )
        )
    )


async def forget(tx: Transaction, user_id: str) -> None:
    """Take somebody out of the families in which they have a seat.

    A family is called after one of its own: whoever has sat longest lends it their name from now
    on. One at whose table nobody sits any more is none.
    """
    mine = list(await tx.scalars(select(SeatRow.family_id).where(SeatRow.user_id == user_id)))
    await tx.execute(delete(SeatRow).where(SeatRow.user_id == user_id))
    eldest = (
        select(UserRow.display_name)
        .join(SeatRow, SeatRow.user_id == UserRow.id)
        .where(SeatRow.family_id == FamilyRow.id)
        .order_by(SeatRow.seated_at, SeatRow.user_id)
        .limit(1)
        .scalar_subquery()
    )
    is_mine = FamilyRow.id.in_(mine)
    is_empty = ~exists().where(SeatRow.family_id == FamilyRow.id)
    await tx.execute(delete(FamilyRow).where(is_mine, is_empty))
    await tx.execute(update(FamilyRow).where(is_mine).values(name=eldest))


async def members(db: Reading, family_id: str) -> list[User]:
    member = membership()
    rows = await db.execute(
        select(*USER)
        .join(member, member.c.user_id == UserRow.id)
        .where(member.c.family_id == family_id)
        .order_by(UserRow.created_at, UserRow.id)
    )
    return [User(*row) for row in rows]
