"""Keys that lie in the database, each wrapped by the master key, which does not."""

import os
from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Transaction
from store.ids import Id, new_id
from store.schema import Base

_IV_BYTES = 12
_KEY_BYTES = 32
_SERVER_SECRET = "server_secret"  # noqa: S105 - the name of its kind


class KeyRow(Base):
    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(Id("k"), primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str | None]
    wrapped: Mapped[bytes]
    master_key_id: Mapped[str]
    created_at: Mapped[datetime]


class WrongMasterKey(Exception):
    """What lies in the database was wrapped by another master key than the one given."""


class MasterKey(Protocol):
    @property
    def id(self) -> str:
        """Tells master keys apart, and gives nothing of them away."""

    def wrap(self, plain: bytes, context: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes: ...


class LocalMasterKey:
    """A master key held in this process's memory."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.id = sha256(b"hearth master key id" + key).hexdigest()[:16]

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        iv = os.urandom(_IV_BYTES)
        return iv + self._cipher.encrypt(iv, plain, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:_IV_BYTES], wrapped[_IV_BYTES:], context)
        except InvalidTag:
            raise WrongMasterKey from None


def read_or_make_master_key(path: Path) -> bytes:
    """The key in the file, which is made at the first start, for its owner's eyes only."""
    try:
        return _read_master_key(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    # Written whole under another name first: a crash never leaves half a key behind, and of two
    # servers that start at once the second takes the first's.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(b64encode(os.urandom(_KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read_master_key(path)


def _read_master_key(path: Path) -> bytes:
    try:
        key = b64decode(path.read_bytes().strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise WrongMasterKey
    return key


async def server_secret(tx: Transaction, master_key: MasterKey) -> bytes:
    """The secret that signs cookies, cursors and links; made once for all servers."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('hearth.server_secret'))"))
    row = (
        await tx.execute(select(KeyRow.id, KeyRow.wrapped).where(KeyRow.kind == _SERVER_SECRET))
    ).one_or_none()
    if row is not None:
        return master_key.unwrap(row.wrapped, row.id.encode())
    secret = os.urandom(_KEY_BYTES)
    key_id = new_id("k", tx.now)
    await tx.execute(
        insert(KeyRow).values(
            id=key_id,
            kind=_SERVER_SECRET,
            wrapped=master_key.wrap(secret, key_id.encode()),
            master_key_id=master_key.id,
            created_at=tx.now,
        )
    )
    return secret
