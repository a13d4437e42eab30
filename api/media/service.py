"""Who may see which media."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from api.access import Role, Viewer
from api.accounts.people import access_user
from api.errors import NotFound
from store import media as stored
from store import users
from store.database import Reading
from store.media import Media

Rule = Callable[[Reading, Viewer, Media, str], Awaitable[object]]


class Purpose(StrEnum):
    """What media are for."""

    AVATAR = "avatar"


async def access_media(db: Reading, viewer: Viewer, media_id: str, child_contacts: str) -> Media:
    """What stands at an id, if the viewer may see it."""
    media = await stored.find(db, media_id)
    rule = _RULES.get(media.purpose) if media is not None else None
    if media is None or rule is None:
        raise NotFound
    await rule(db, viewer, media, child_contacts)
    return media


async def _by_whoever_may_know_the_owner(
    db: Reading, viewer: Viewer, media: Media, child_contacts: str
) -> None:
    if viewer.role is Role.GUEST:
        raise NotFound
    await access_user(db, viewer, await users.find(db, media.owner_id), child_contacts)


# Each purpose names its rule; what names none is seen by nobody.
_RULES: Mapping[str, Rule] = {Purpose.AVATAR: _by_whoever_may_know_the_owner}
