"""The rules of game accounts: each person's are theirs alone, a child's like a parent's."""

import structlog

from api.access import Viewer
from api.errors import Conflict, Detail, NotFound, ValidationFailed
from api.profiles.schemas import NewGameCredential
from api.profiles.service import own_id
from store import games, users
from store.database import Reading, Transaction
from store.envelope import DoesNotOpen, Envelope
from store.games import GameCredential

_log = structlog.get_logger("hearth.profiles")


async def keep(
    tx: Transaction, envelope: Envelope, viewer: Viewer, body: NewGameCredential
) -> GameCredential:
    if body.client_encrypted and body.password_plain is None:
        detail = Detail("password_plain", "is missing, and `client_encrypted` tells of it")
        raise ValidationFailed("Look again at: password_plain.", details=[detail])
    # Held: two at once must not both be the last that fits.
    user = await users.lock(tx, own_id(viewer))
    if user is None:
        raise NotFound
    if await games.count(tx, user.id) >= games.MOST:
        raise Conflict(f"There are {games.MOST} game accounts already. Delete one first.")
    password = body.password_plain
    credential = await games.add(
        tx,
        envelope,
        user.id,
        games.NewGameCredential(
            game_name=body.game_name,
            username=body.username,
            password=None if password is None else password.get_secret_value(),
            client_encrypted=body.client_encrypted,
        ),
    )
    tx.created(credential.id)
    return credential


async def access_game(db: Reading, viewer: Viewer, credential_id: str) -> GameCredential:
    credential = await games.find(db, own_id(viewer), credential_id)
    if credential is None:
        raise NotFound
    return credential


async def forget(tx: Transaction, envelope: Envelope, viewer: Viewer, credential_id: str) -> None:
    if not await games.forget(tx, envelope, own_id(viewer), credential_id):
        raise NotFound


async def read_blob(db: Reading, envelope: Envelope, viewer: Viewer, credential_id: str) -> str:
    """What the client had encrypted itself, as it came."""
    credential = await access_game(db, viewer, credential_id)
    try:
        blob = await games.blob(db, envelope, own_id(viewer), credential.id)
    except DoesNotOpen:
        # Either somebody moved it about in the database, or its keys were not restored with it.
        _log.error("game_credential_does_not_open", credential=credential.id)
        raise Conflict(
            "This password was altered where it is stored, and can't be read any more. Delete the"
            " entry and keep it anew, and tell whoever runs this house."
        ) from None
    if blob is None:
        raise NotFound("No password is given back here but those that the client had encrypted.")
    return blob
