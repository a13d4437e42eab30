"""Lists of people: whom somebody may know of, and all accounts for those who run the house."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from store.database import Reading
from store.families import is_family_of
from store.users import USER, User, UserRow

_SORTED_BY = {
    "username": func.lower(UserRow.username),
    "display_name": func.lower(UserRow.display_name),
    "created_at": UserRow.created_at,
}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: behind somebody's sort key and id, or after so many."""

    limit: int
    behind: tuple[str, str] | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody, and by what they are sorted: the database's word for it, which no other language
    has quite the same."""

    user: User
    key: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts; what is given narrows together."""

    role: str | None = None
    status: str | None = None
    words: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


async def people(
    db: Reading, order: str, position: Position, *, family_of: str | None = None
) -> list[Listed]:
    """Everybody who lives in this house, or only the family of one; `-` before the order:
    descending."""
    query = select(*USER).where(_lives_here())
    if family_of is not None:
        query = query.where(is_family_of(family_of))
    return await _page(db, query, order, position)


async def accounts(db: Reading, wanted: Wanted, position: Position) -> list[Listed]:
    """All accounts, the newest first."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.role is not None:
        conditions.append(UserRow.role == wanted.role)
    if wanted.status is not None:
        conditions.append(UserRow.status == wanted.status)
    if wanted.words is not None:
        conditions.append(_matches(wanted.words))
    if wanted.created_after is not None:
        conditions.append(UserRow.created_at > wanted.created_after)
    if wanted.created_before is not None:
        conditions.append(UserRow.created_at < wanted.created_before)
    return await _page(db, select(*USER).where(*conditions), "-created_at", position)


async def _page(db: Reading, query: Select[Any], order: str, position: Position) -> list[Listed]:
    column = _SORTED_BY[order.removeprefix("-")]
    is_descending = order.startswith("-")
    if position.behind is not None:
        key, user_id = position.behind
        here = (datetime.fromisoformat(key) if column is UserRow.created_at else key, user_id)
        place = tuple_(column, UserRow.id)
        query = query.where(place < here if is_descending else place > here)
    keys = (column, UserRow.id)
    query = (
        query.order_by(*(key.desc() if is_descending else key.asc() for key in keys))
        .offset(position.offset)
        .limit(position.limit)
    )
    rows = await db.execute(query.add_columns(column.label("sort_key")))
    return [Listed(User(*row[:-1]), _spelt(row.sort_key)) for row in rows]


def _spelt(key: datetime | str) -> str:
    return key.isoformat() if isinstance(key, datetime) else key


def _lives_here() -> ColumnElement[bool]:
    return (UserRow.status == "ACTIVE") & (UserRow.role != "GUEST")


def _matches(words: str) -> ColumnElement[bool]:
    """Part of a name, a username or an e-mail address."""
    return or_(
        *(
            column.icontains(words, autoescape=True)
            for column in (UserRow.display_name, UserRow.username, UserRow.email)
        )
    )
