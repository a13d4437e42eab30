"""What profiles and media hold about a person."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

from api.accounts.personal_data.belongings import Part
from store import games, media
from store.blobs import Blobs
from store.database import Reading, Transaction
from store.envelope import Envelope

_ENDINGS = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png"}


def parts(envelope: Envelope, blobs: Blobs) -> list[Part]:
    async def forget_games(tx: Transaction, user_id: str) -> None:
        await games.forget_all(tx, envelope, user_id)

    async def media_files(db: Reading, user_id: str) -> Mapping[str, AsyncIterator[bytes]]:
        return {
            f"{kept.id}.{_ENDINGS.get(kept.mime, 'bin')}": blobs.read(kept.blob_key)
            for kept in await media.of(db, user_id)
        }

    return [
        Part("games", _games, forget=forget_games),
        Part("media", _media, media_files, media.forget_all),
    ]


async def _games(db: Reading, user_id: str) -> Any:
    """Without the passwords: what the server could read was given to be kept, not to be shown."""
    return [asdict(credential) for credential in await games.page(db, user_id, games.MOST)]


async def _media(db: Reading, user_id: str) -> Any:
    return [
        {"id": kept.id, "purpose": kept.purpose, "mime": kept.mime, "created_at": kept.created_at}
        for kept in await media.of(db, user_id)
    ]
