"""Game accounts: which games somebody plays, as whom, and the password, sealed.

What is sealed leaves this file in one case only: the client had encrypted it before it came.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.envelope import Envelope, Sealed
from store.ids import Id, new_id
from store.schema import Base

_KIND = "game"


class GameCredentialRow(Base):
    __tablename__ = "game_credentials"

    id: Mapped[str] = mapped_column(Id("g"), primary_key=True)
    # A profile is a view of its user: the same letters. Without a cascade, because the data keys
    # have to go with the rows.
    profile_id: Mapped[str] = mapped_column(Id("pr"), ForeignKey("users.id"), index=True)
    game_name: Mapped[str]
    username: Mapped[str]
    client_encrypted: Mapped[bool]
    password_ciphertext: Mapped[bytes | None]
    iv: Mapped[bytes | None]
    key_id: Mapped[str | None] = mapped_column(Id("k"))
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class NewGameCredential:
    game_name: str
    username: str
    password: str | None = field(repr=False)
    client_encrypted: bool


@dataclass(frozen=True, slots=True)
class GameCredential:
    """What may be told of it."""

    id: str
    profile_id: str
    game_name: str
    username: str
    client_encrypted: bool
    created_at: datetime


_CREDENTIAL = tuple(getattr(GameCredentialRow, name) for name in GameCredential.__slots__)
_SEALED = tuple(
    getattr(GameCredentialRow, name) for name in ("key_id", "iv", "password_ciphertext")
)


# Nobody plays as many; and a profile shows them all at once.
MOST = 100


def profile_id_of(user_id: str) -> str:
    return f"pr_{user_id.removeprefix('u_')}"


async def add(
    tx: Transaction, envelope: Envelope, user_id: str, new: NewGameCredential
) -> GameCredential:
    credential_id = new_id("g", tx.now)
    sealed = None
    if new.password is not None:
        sealed = await envelope.seal(
            tx, new.password.encode(), kind=_KIND, record=credential_id, owner=user_id
        )
    added = await tx.execute(
        insert(GameCredentialRow)
        .values(
            id=credential_id,
            profile_id=profile_id_of(user_id),
            game_name=new.game_name,
            username=new.username,
            client_encrypted=new.client_encrypted,
            password_ciphertext=sealed and sealed.ciphertext,
            iv=sealed and sealed.iv,
            key_id=sealed and sealed.key_id,
            created_at=tx.now,
        )
        .returning(*_CREDENTIAL)
    )
    return GameCredential(*added.one())


async def find(db: Reading, user_id: str, credential_id: str) -> GameCredential | None:
    query = select(*_CREDENTIAL).where(_is_own(user_id, credential_id))
    row = (await db.execute(query)).one_or_none()
    return None if row is None else GameCredential(*row)


async def page(
    db: Reading, user_id: str, limit: int, behind: str | None = None
) -> list[GameCredential]:
    """Oldest first."""
    query = select(*_CREDENTIAL).where(_is_of(user_id)).order_by(GameCredentialRow.id).limit(limit)
    if behind is not None:
        query = query.where(GameCredentialRow.id > behind)
    return [GameCredential(*row) for row in await db.execute(query)]


async def count(db: Reading, user_id: str) -> int:
    return await db.scalar(select(func.count()).where(_is_of(user_id))) or 0


async def blob(db: Reading, envelope: Envelope, user_id: str, credential_id: str) -> str | None:
    """What the client had encrypted; None: there is no such thing. Raises DoesNotOpen."""
    query = select(*_SEALED).where(
        _is_own(user_id, credential_id),
        GameCredentialRow.client_encrypted,
        GameCredentialRow.key_id.is_not(None),
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        return None
    return (await envelope.open(db, Sealed(*row), record=credential_id, owner=user_id)).decode()


async def forget(tx: Transaction, envelope: Envelope, user_id: str, credential_id: str) -> bool:
    """Whether there was such a thing."""
    return await _forget(tx, envelope, _is_own(user_id, credential_id)) > 0


async def forget_all(tx: Transaction, envelope: Envelope, user_id: str) -> None:
    await _forget(tx, envelope, _is_of(user_id))


async def _forget(tx: Transaction, envelope: Envelope, which: ColumnElement[bool]) -> int:
    """With their keys: a ciphertext that somebody copied opens no more."""
    gone = await tx.scalars(
        delete(GameCredentialRow).where(which).returning(GameCredentialRow.key_id)
    )
    key_ids = list(gone)
    for key_id in key_ids:
        if key_id is not None:
            await envelope.forget(tx, key_id)
    return len(key_ids)


def _is_of(user_id: str) -> ColumnElement[bool]:
    return GameCredentialRow.profile_id == profile_id_of(user_id)


def _is_own(user_id: str, credential_id: str) -> ColumnElement[bool]:
    return _is_of(user_id) & (GameCredentialRow.id == credential_id)
