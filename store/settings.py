"""Settings that an admin has changed; one without a row has its default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Reading, Transaction
from store.schema import Base

TOPIC = "settings"


class SettingRow(Base):
    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Changed:
    """Every changed setting; the version rises by one with each change."""

    version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)


async def version(db: Reading) -> int:
    return await db.scalar(select(func.max(SettingRow.version))) or 0


async def read(db: Reading) -> Changed:
    rows = await db.execute(select(SettingRow.name, SettingRow.value, SettingRow.version))
    values: dict[str, Any] = {}
    newest = 0
    for name, value, row_version in rows:
        values[name] = value
        newest = max(newest, row_version)
    return Changed(newest, values)


async def lock(tx: Transaction) -> None:
    """One change at a time: a version must tell which values it stands for."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.settings'))"))


async def write(tx: Transaction, values: Mapping[str, Any], *, by: str | None) -> int:
    """Store the values under the next version; the caller holds the lock."""
    following = await version(tx) + 1
    rows = [
        {
            "name": name,
            "value": value,
            "version": following,
            "changed_at": tx.now,
            "changed_by": by,
        }
        for name, value in values.items()
    ]
    statement = insert(SettingRow)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[SettingRow.name],
            set_={
                name: statement.excluded[name]
                for name in ("value", "version", "changed_at", "changed_by")
            },
        ),
        rows,
    )
    tx.announce(TOPIC, {"version": following})
    return following
