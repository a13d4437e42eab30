"""Sessions: where people are signed in. Every token and cookie is bound to one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, and_, bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, aliased, mapped_column

from store.database import Reading, Transaction
from store.families import GuardianRow
from store.ids import Id, new_id
from store.schema import Base
from store.users import UserRow

# Somebody with more devices than this has been robbed, or is a program that never signs out.
MOST_LIVING = 100


class SessionRow(Base):
    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Id("s"), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    user_agent: Mapped[str | None]
    address: Mapped[str | None]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end: Mapped[str | None]


class End(StrEnum):
    """Why a session is over."""

    LOGOUT = "logout"
    REUSE = "reuse"
    PASSWORD = "password"  # noqa: S105 - a reason, and nobody's password
    SUSPENSION = "suspension"
    CROWDED_OUT = "crowded_out"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of where a session is used."""

    user_agent: str | None = field(repr=False)
    address: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    user_id: str
    user_agent: str | None = field(repr=False)
    address: str | None = field(repr=False)
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides whether a session may do anything at this moment."""

    session: Session
    role: str
    status: str
    # A child whose guardians are all suspended waits with them.
    is_held_with_guardians: bool
    has_second_factor: bool


_SESSION = tuple(getattr(SessionRow, name) for name in Session.__slots__)


async def open_session(
    tx: Transaction, user_id: str, device: Device, expires_at: datetime
) -> Session:
    """Sign somebody in; whoever has too many sessions loses the one that was used least lately."""
    made = await tx.execute(
        insert(SessionRow)
        .values(
            id=new_id("s", tx.now),
            user_id=user_id,
            user_agent=device.user_agent,
            address=device.address,
            created_at=tx.now,
            last_used_at=tx.now,
            expires_at=expires_at,
        )
        .returning(*_SESSION)
    )
    session = Session(*made.one())
    superfluous = (
        select(SessionRow.id)
        .where(SessionRow.user_id == user_id, _is_living(tx.now), SessionRow.id != session.id)
        .order_by(SessionRow.last_used_at.desc())
        .offset(MOST_LIVING - 1)
    )
    await _end(tx, SessionRow.id.in_(superfluous), End.CROWDED_OUT)
    return session


async def find(db: Reading, session_id: str) -> Session | None:
    row = (await db.execute(select(*_SESSION).where(SessionRow.id == session_id))).one_or_none()
    return None if row is None else Session(*row)


async def lock(tx: Transaction, session_id: str) -> Session | None:
    """The session, held for whoever changes what follows from it."""
    query = select(*_SESSION).where(SessionRow.id == session_id).with_for_update()
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Session(*row)


async def standings(db: Reading, session_ids: Collection[str]) -> Mapping[str, Standing]:
    guardian = aliased(UserRow)
    has_free_guardian = exists().where(
        GuardianRow.child_id == UserRow.id,
        guardian.id == GuardianRow.guardian_id,
        guardian.status != "SUSPENDED",
    )
    is_held = and_(UserRow.role == "CHILD", ~has_free_guardian)
    rows = await db.execute(
        select(
            UserRow.role,
            UserRow.status,
            is_held.label("is_held"),
            UserRow.second_factor_at.is_not(None).label("has_second_factor"),
            *_SESSION,
        )
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(SessionRow.id.in_(session_ids))
    )
    return {
        session[0]: Standing(Session(*session), role, status, held, has_second_factor)
        for role, status, held, has_second_factor, *session in rows
    }


async def living(
    db: Reading, user_id: str | None, limit: int, behind: str | None = None
) -> list[Session]:
    """Where somebody is signed in, the newest sign-in first."""
    query = select(*_SESSION).where(SessionRow.user_id == user_id, _is_living(db.now))
    if behind is not None:
        query = query.where(SessionRow.id < behind)
    rows = await db.execute(query.order_by(SessionRow.id.desc()).limit(limit))
    return [Session(*row) for row in rows]


async def prolong(tx: Transaction, session_id: str, device: Device, expires_at: datetime) -> None:
    """Note that the session goes on, and from where."""
    await tx.execute(
        update(SessionRow)
        .where(SessionRow.id == session_id)
        .values(
            last_used_at=tx.now,
            expires_at=expires_at,
            user_agent=device.user_agent,
            address=device.address,
        )
    )


async def end_one(tx: Transaction, session: Session, why: End) -> None:
    await _end(tx, SessionRow.id == session.id, why)
    tx.standing_changed([session.user_id])


async def end_all(
    tx: Transaction, user_ids: Collection[str], why: End, *, but: str | None = None
) -> None:
    """Sign people out everywhere, but for one session perhaps."""
    condition: ColumnElement[bool] = SessionRow.user_id.in_(user_ids)
    if but is not None:
        condition &= SessionRow.id != but
    await _end(tx, condition, why)
    tx.standing_changed(user_ids)


async def seen(tx: Transaction, sightings: Mapping[str, str]) -> None:
    """Note that sessions were used, and from which addresses.

    A row that somebody else is changing is passed over: this must never wait for others, and so
    can't deadlock with them.
    """
    free = await tx.scalars(
        select(SessionRow.id).where(SessionRow.id.in_(sightings)).with_for_update(skip_locked=True)
    )
    used = [{"b_id": found, "b_address": sightings[found]} for found in free]
    if used:
        await tx.execute(
            update(SessionRow)
            .where(SessionRow.id == bindparam("b_id"))
            .values(last_used_at=tx.now, address=bindparam("b_address")),
            used,
        )


async def sweep(tx: Transaction) -> int:
    """Forget what is over; a reused token of it is then simply unknown."""
    swept = await tx.execute(delete(SessionRow).where(SessionRow.expires_at <= tx.now))
    return swept.rowcount


async def _end(tx: Transaction, condition: ColumnElement[bool], why: End) -> None:
    await tx.execute(
        update(SessionRow)
        .where(condition, SessionRow.ended_at.is_(None))
        .values(ended_at=tx.now, end=str(why))
    )


def _is_living(now: datetime) -> Any:
    return and_(SessionRow.ended_at.is_(None), SessionRow.expires_at > now)
