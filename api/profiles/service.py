"""The rules of profiles."""

from api.access import Viewer
from api.errors import Detail, NotFound, ValidationFailed
from api.media.service import Purpose
from api.profiles.schemas import ChangeProfile
from api.timezones import is_timezone
from store import media, users
from store.database import Reading, Transaction
from store.media import NewMedia
from store.users import User

AVATAR_EDGE = 512


def own_id(viewer: Viewer) -> str:
    assert viewer.user_id is not None
    return viewer.user_id


async def access_own(db: Reading, viewer: Viewer) -> User:
    return _found(await users.find(db, own_id(viewer)))


async def change(tx: Transaction, viewer: Viewer, body: ChangeProfile) -> User:
    """What is left out stays, and null empties."""
    values = body.model_dump(exclude_unset=True)
    if body.display_name is None:  # there is always one
        values.pop("display_name", None)
    if body.timezone is not None and not await is_timezone(body.timezone):
        detail = Detail("timezone", "is no name of the IANA time zone database")
        raise ValidationFailed("Look again at: timezone.", details=[detail])
    if not values:
        return await access_own(tx, viewer)
    return _found(await users.change(tx, own_id(viewer), **values))


async def change_avatar(tx: Transaction, viewer: Viewer, picture: NewMedia) -> User:
    # Held: of two at once the second replaces what the first has made.
    user = _found(await users.lock(tx, own_id(viewer)))
    avatar = await media.add(tx, picture, purpose=Purpose.AVATAR, owner_id=user.id)
    if user.avatar_id is not None:
        await media.forget(tx, user.avatar_id)
    return _found(await users.change(tx, user.id, avatar_id=avatar.id))


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound
    return user
