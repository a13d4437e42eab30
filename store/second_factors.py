"""Second factors: the sealed secret of somebody's authenticator, and their recovery codes.

`users.second_factor_at` alone says whether one is asked for; until then what stands here is an
enrolment that waits for its first code. Every change happens under the lock of the person's row, so
that two requests with one code follow each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.envelope import Sealed
from store.ids import Id
from store.schema import Base


class SecondFactorRow(Base):
    __tablename__ = "second_factors"

    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key_id: Mapped[str] = mapped_column(Id("k"))
    iv: Mapped[bytes]
    ciphertext: Mapped[bytes]
    # The newest step of time whose code has served; null: none has yet.
    last_step: Mapped[int | None]


class RecoveryCodeRow(Base):
    __tablename__ = "recovery_codes"

    user_id: Mapped[str] = mapped_column(
        Id("u"), ForeignKey("second_factors.user_id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[bytes] = mapped_column(primary_key=True)


@dataclass(frozen=True, slots=True)
class SecondFactor:
    user_id: str
    sealed: Sealed
    last_step: int | None


async def add(tx: Transaction, user_id: str, sealed: Sealed) -> None:
    await tx.execute(
        insert(SecondFactorRow).values(
            user_id=user_id, key_id=sealed.key_id, iv=sealed.iv, ciphertext=sealed.ciphertext
        )
    )


async def find(db: Reading, user_id: str) -> SecondFactor | None:
    query = select(
        SecondFactorRow.key_id,
        SecondFactorRow.iv,
        SecondFactorRow.ciphertext,
        SecondFactorRow.last_step,
    ).where(SecondFactorRow.user_id == user_id)
    row = (await db.execute(query)).one_or_none()
    if row is None:
        return None
    return SecondFactor(user_id, Sealed(row.key_id, row.iv, row.ciphertext), row.last_step)


async def use_step(tx: Transaction, user_id: str, step: int) -> None:
    """Note that the code of this step has served: it and those before it serve no more."""
    await tx.execute(
        update(SecondFactorRow).where(SecondFactorRow.user_id == user_id).values(last_step=step)
    )


async def keep_recovery_codes(tx: Transaction, user_id: str, hashes: Iterable[bytes]) -> None:
    await tx.execute(
        insert(RecoveryCodeRow), [{"user_id": user_id, "hash": hash_} for hash_ in hashes]
    )


async def use_recovery_code(tx: Transaction, user_id: str, hash_: bytes) -> bool:
    """Whether it was one of theirs; it is none any more."""
    used = await tx.execute(
        delete(RecoveryCodeRow).where(
            RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.hash == hash_
        )
    )
    return used.rowcount == 1


async def remove(tx: Transaction, user_id: str) -> None:
    """Forget the factor, and the recovery codes with it."""
    await tx.execute(delete(SecondFactorRow).where(SecondFactorRow.user_id == user_id))
