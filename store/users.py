"""People: everybody who has an account here, guests included."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from store.database import Reading, Transaction
from store.ids import Id, new_id
from store.schema import Base


class UserRow(Base):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Id("u"), primary_key=True)
    role: Mapped[str]
    status: Mapped[str]
    username: Mapped[str]
    email: Mapped[str | None]
    display_name: Mapped[str]
    # Null: nobody gets in by password; a reset is under way, or a provider vouches for them.
    password_hash: Mapped[str | None]
    # The primary guardian of a child. All guardians, this one too, stand in `guardians`.
    parent_id: Mapped[str | None] = mapped_column(Id("u"), ForeignKey("users.id"), index=True)
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(Id("u"))
    birth_date: Mapped[date | None]
    pin_hash: Mapped[str | None]
    bio: Mapped[str | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    avatar_id: Mapped[str | None]
    last_seen: Mapped[datetime | None]
    # Since when a second factor is asked for at each sign-in.
    second_factor_at: Mapped[datetime | None]
    # When the account goes for good; set while the days of grace run.
    erase_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


Index("uq_users_username", func.lower(UserRow.username), unique=True)
Index("uq_users_email", func.lower(UserRow.email), unique=True)


@dataclass(frozen=True, slots=True)
class User:
    """A person, without what proves that they are it."""

    id: str
    role: str
    status: str
    username: str
    email: str | None = field(repr=False)
    display_name: str = field(repr=False)
    parent_id: str | None
    approved_at: datetime | None
    birth_date: date | None = field(repr=False)
    bio: str | None = field(repr=False)
    locale: str | None
    timezone: str | None
    avatar_id: str | None
    last_seen: datetime | None
    second_factor_at: datetime | None
    erase_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewUser:
    """What makes an account."""

    role: str
    status: str
    display_name: str = field(repr=False)
    username: str | None = None
    email: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    parent_id: str | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    birth_date: date | None = field(default=None, repr=False)
    pin_hash: str | None = field(default=None, repr=False)

    def named(self, username: str) -> "NewUser":
        return replace(self, username=username)


class UsernameTaken(Exception):
    """Somebody else goes by that name, in whatever case."""


class EmailTaken(Exception):
    """There is an account with that address."""


USER: tuple[InstrumentedAttribute[Any], ...] = (
    UserRow.id,
    UserRow.role,
    UserRow.status,
    UserRow.username,
    UserRow.email,
    UserRow.display_name,
    UserRow.parent_id,
    UserRow.approved_at,
    UserRow.birth_date,
    UserRow.bio,
    UserRow.locale,
    UserRow.timezone,
    UserRow.avatar_id,
    UserRow.last_seen,
    UserRow.second_factor_at,
    UserRow.erase_at,
    UserRow.created_at,
)


async def create(tx: Transaction, new: NewUser) -> User:
    """Make an account; raises UsernameTaken or EmailTaken and leaves the transaction whole."""
    values = {name: getattr(new, name) for name in NewUser.__slots__}
    made = await tx.execute(
        insert(UserRow)
        .values(id=new_id("u", tx.now), created_at=tx.now, **values)
        .on_conflict_do_nothing()
        .returning(*USER)
    )
    row = made.one_or_none()
    if row is not None:
        return User(*row)
    if new.email is not None and await by_email(tx, new.email) is not None:
        raise EmailTaken
    raise UsernameTaken


async def find(db: Reading, user_id: str) -> User | None:
    return await _one(db, select(*USER).where(UserRow.id == user_id))


async def find_many(db: Reading, user_ids: Collection[str]) -> Mapping[str, User]:
    rows = await db.execute(select(*USER).where(UserRow.id.in_(user_ids)))
    return {row.id: User(*row) for row in rows}


async def by_username(db: Reading, username: str) -> User | None:
    return await _one(db, select(*USER).where(_is_named(username)))


async def by_email(db: Reading, email: str) -> User | None:
    return await _one(db, select(*USER).where(_has_address(email)))


async def by_login(db: Reading, name: str) -> User | None:
    """By what people type to say who they are. Names hold no `@`, so it is never both."""
    return await (by_email(db, name) if "@" in name else by_username(db, name))


async def lock(tx: Transaction, user_id: str) -> User | None:
    """The person as they are, and as they stay until this is committed."""
    return await _one(
        tx, select(*USER).where(UserRow.id == user_id).with_for_update(key_share=True)
    )


async def exists(db: Reading, *, role: str) -> bool:
    here = select(UserRow.id).where(UserRow.role == role, UserRow.status == "ACTIVE")
    return bool(await db.scalar(select(here.exists())))


async def lock_admins(tx: Transaction) -> None:
    """Whoever counts admins and changes who is one does so alone."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.admins'))"))


async def password_hash(db: Reading, user_id: str) -> str | None:
    found: str | None = await db.scalar(select(UserRow.password_hash).where(UserRow.id == user_id))
    return found


async def change(tx: Transaction, user_id: str, **values: Any) -> User | None:
    """Set columns of one person; names and addresses stay as they were made."""
    changed = update(UserRow).where(UserRow.id == user_id).values(**values).returning(*USER)
    row = (await tx.execute(changed)).one_or_none()
    return None if row is None else User(*row)


async def taken_names(db: Reading, stem: str) -> set[str]:
    """The names in use that begin like this one, in lower case."""
    names = await db.scalars(
        select(func.lower(UserRow.username)).where(
            func.lower(UserRow.username).startswith(stem.lower(), autoescape=True)
        )
    )
    return set(names)


async def count_staying(db: Reading, *, role: str) -> int:
    """How many are here and not about to leave."""
    stays = (UserRow.status == "ACTIVE") & UserRow.erase_at.is_(None)
    return await db.scalar(select(func.count()).where(UserRow.role == role, stays)) or 0


async def seen(tx: Transaction, user_ids: Collection[str]) -> None:
    """Note that people were here; never waiting for whoever is changing them at this moment."""
    free = (
        select(UserRow.id).where(UserRow.id.in_(user_ids)).with_for_update(skip_locked=True)
    ).scalar_subquery()
    await tx.execute(update(UserRow).where(UserRow.id.in_(free)).values(last_seen=tx.now))


async def forget_unseen(tx: Transaction, role: str, since: datetime) -> list[str]:
    """Whom that was."""
    last = func.coalesce(UserRow.last_seen, UserRow.created_at)
    gone = delete(UserRow).where(UserRow.role == role, last < since).returning(UserRow.id)
    return list(await tx.scalars(gone))


def _is_named(username: str) -> Any:
    # Lowered there on both sides: two languages have two ideas of some letters.
    return func.lower(UserRow.username) == func.lower(username)


def _has_address(email: str) -> Any:
    return func.lower(UserRow.email) == func.lower(email)


async def _one(db: Reading, query: Select[Any]) -> User | None:
    row = (await db.execute(query)).one_or_none()
    return None if row is None else User(*row)
