"""A family as its guardians see it."""

from collections.abc import Sequence

from api.access import Viewer
from api.accounts.people import CHILD_CONTACTS, shown
from api.accounts.schemas import FamilyOut, UserOut
from api.family.schemas import ChildOut, ContactSettingsOut, ScreenTimeOut
from api.settings.live import LiveSettings
from store import families
from store.database import Reading
from store.users import User


async def families_out(db: Reading, viewer: Viewer) -> list[FamilyOut]:
    """The families that the viewer belongs to, each person in them as far as the viewer may see."""
    assert viewer.user_id is not None
    own = (await families.families_of(db, [viewer.user_id])).get(viewer.user_id, [])
    return [await _family(db, viewer, family_id) for family_id in own]


async def children_out(
    db: Reading, children: Sequence[User], settings: LiveSettings
) -> list[ChildOut]:
    """Children for those who care for them, and how they stand."""
    belongs = await families.families_of(db, [child.id for child in children])
    return [await _child(db, child, belongs.get(child.id, []), settings) for child in children]


async def _family(db: Reading, viewer: Viewer, family_id: str) -> FamilyOut:
    family = await families.find(db, family_id)
    assert family is not None
    members = await families.members(db, family_id)
    return FamilyOut(id=family.id, name=family.name, members=await shown(db, viewer, members))


async def _child(db: Reading, child: User, belongs: list[str], settings: LiveSettings) -> ChildOut:
    guardians = await families.guardians(db, child.id)
    theirs = await families.families_of(db, [guardian.id for guardian in guardians])
    mode = settings[CHILD_CONTACTS]
    return ChildOut.standing(
        child,
        belongs,
        guardians=[UserOut.of(guardian, theirs.get(guardian.id, [])) for guardian in guardians],
        screen_time=ScreenTimeOut.unlimited(),
        contacts=ContactSettingsOut.none_yet(mode),
    )
