"""Who may know of whom, and how much of a person each of them sees.

Every feature that shows a person or lets one reach another asks here.
"""

from collections.abc import Collection, Sequence

from api.access import Role, Viewer
from api.accounts.schemas import FullUserOut, UserOut
from api.errors import NotFound
from api.settings.declare import choice
from store import families, users
from store.database import Reading
from store.users import User

CHILD_CONTACTS = choice(
    "child_contacts",
    default="approved",
    choices=("open", "approved"),
    description="With whom children may share a conversation, a call or a stream: with everybody"
    " here, or only with their family and the contacts that a guardian approved.",
)


def circle_of(viewer: Viewer, child_contacts: str) -> str | None:
    """Whose family bounds what the viewer may know of; None: the whole house."""
    is_bounded = viewer.role is Role.CHILD and child_contacts == "approved"
    return viewer.user_id if is_bounded else None


async def access_user(db: Reading, viewer: Viewer, user: User | None, child_contacts: str) -> User:
    """The person, if the viewer may know of them."""
    if user is None or viewer.user_id is None:
        raise NotFound
    if user.id == viewer.user_id or viewer.role is Role.ADMIN:
        return user
    if user.status != "ACTIVE" or user.role == Role.GUEST:
        if not await families.is_guardian(db, viewer.user_id, user.id):
            raise NotFound
        return user
    circle = circle_of(viewer, child_contacts)
    if circle is not None and not await families.are_family(db, circle, user.id):
        raise NotFound
    return user


async def access_child(db: Reading, viewer: Viewer, child_id: str) -> User:
    """A child in the viewer's care."""
    child = await users.find(db, child_id)
    if child is None or viewer.user_id is None:
        raise NotFound
    if not await families.is_guardian(db, viewer.user_id, child.id):
        raise NotFound
    return child


async def shown(db: Reading, viewer: Viewer, people: Sequence[User]) -> list[FullUserOut | UserOut]:
    """Each person as far as the viewer may see them."""
    families_of = await families.families_of(db, [user.id for user in people])
    in_care = await _in_care_of(db, viewer)

    def view(user: User) -> FullUserOut | UserOut:
        sees_all = viewer.role is Role.ADMIN or user.id == viewer.user_id or user.id in in_care
        schema = FullUserOut if sees_all else UserOut
        return schema.of(user, families_of.get(user.id, []))

    return [view(user) for user in people]


async def in_full(db: Reading, user: User) -> FullUserOut:
    """A person, for those who see all of them."""
    return FullUserOut.of(user, (await families.families_of(db, [user.id])).get(user.id, []))


async def _in_care_of(db: Reading, viewer: Viewer) -> Collection[str]:
    if viewer.user_id is None or viewer.role not in {Role.PARENT, Role.ADMIN}:
        return ()
    return {child.id for child in await families.children(db, viewer.user_id)}
