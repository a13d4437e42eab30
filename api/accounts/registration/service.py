"""How adults come in, and how they bring their children."""

from api.access import Role, Viewer
from api.accounts.people import access_child
from api.accounts.registration.names import create_named
from api.errors import Code, Conflict, Forbidden, NotFound
from api.settings.declare import choice
from store import families, users
from store.database import Transaction
from store.users import EmailTaken, NewUser, User, UsernameTaken

REGISTRATION = choice(
    "registration",
    default="approval",
    choices=("approval", "open"),
    description="Whether an admin lets new parents in, or the two older ways to register let them"
    " in at once.",
)


def email_taken() -> Conflict:
    return Conflict(
        "There is an account with this address already. Sign in, or ask an admin for a reset link.",
        Code.EMAIL_TAKEN,
    )


async def register(
    tx: Transaction,
    *,
    password_hash: str | None,
    email: str | None,
    username: str | None = None,
    display_name: str | None = None,
    is_open: bool = False,
) -> User:
    """An account for a parent, who waits for approval unless registration is open."""
    known_as = display_name or username or (email or "").partition("@")[0]
    new = NewUser(
        role=Role.PARENT,
        status="ACTIVE" if is_open else "PENDING",
        username=username,
        display_name=known_as[:80],
        email=email,
        password_hash=password_hash,
    )
    user = await _create(tx, new)
    if is_open:
        await _seat(tx, user, None)
    tx.created(user.id)
    return user


async def approve(tx: Transaction, user_id: str, family_id: str | None = None) -> User:
    """Let a pending parent in, with a family of their own or into one that there is."""
    user = await users.lock(tx, user_id)
    if user is None:
        raise NotFound
    if user.status == "ACTIVE":
        return user
    if user.status != "PENDING":
        raise Conflict("This account is suspended. Restore it instead.")
    approved = await users.change(
        tx, user_id, status="ACTIVE", approved_at=tx.now, approved_by=tx.actor.user_id
    )
    assert approved is not None
    family = await _seat(tx, approved, family_id)
    tx.audit(
        "account.approve",
        "user",
        user_id,
        before={"status": "PENDING"},
        after={"status": "ACTIVE", "family_id": family},
    )
    tx.standing_changed([user_id])
    return approved


async def create_child(tx: Transaction, viewer: Viewer, new: NewUser) -> User:
    """An account for a child, active at once and in the care of whoever makes it."""
    assert viewer.user_id is not None
    child = await _create(tx, new)
    await families.add_guardian(tx, child.id, viewer.user_id)
    tx.audit(
        "child.create",
        "user",
        child.id,
        after={"username": child.username, "display_name": child.display_name},
        concerns=child.id,
    )
    tx.created(child.id)
    return child


async def add_guardian(
    tx: Transaction, viewer: Viewer, child_id: str, guardian_id: str
) -> list[User]:
    child = await _own_child(tx, viewer, child_id)
    guardian = await users.lock(tx, guardian_id)
    if guardian is None or guardian.status != "ACTIVE":
        raise NotFound("There is no such parent here.")
    if guardian.role not in {Role.PARENT, Role.ADMIN}:
        raise Forbidden("Only a parent can be a guardian.")
    if await families.add_guardian(tx, child.id, guardian.id):
        tx.audit("guardian.add", "user", child.id, after={"guardian_id": guardian.id})
        # They were not asked, and may leave again.
        tx.announce(f"user:{guardian.id}", {"type": "guardian:added", "child_id": child.id})
        tx.standing_changed([child.id, guardian.id])
    tx.created(child.id)
    return await families.guardians(tx, child.id)


async def remove_guardian(tx: Transaction, viewer: Viewer, child_id: str, guardian_id: str) -> None:
    child = await _own_child(tx, viewer, child_id)
    if guardian_id == child.parent_id:
        raise Forbidden("The child's first guardian stays. Nobody can remove them.")
    if not await families.remove_guardian(tx, child.id, guardian_id):
        raise NotFound("That person is no guardian of this child.")
    if all(left.erase_at is not None for left in await families.guardians(tx, child.id)):
        raise Conflict("The other guardians are about to leave. Call that off first.")
    tx.audit("guardian.remove", "user", child.id, before={"guardian_id": guardian_id})
    tx.standing_changed([child.id, guardian_id])


async def make_admin(
    tx: Transaction, *, email: str, password_hash: str, display_name: str | None = None
) -> User:
    """An account for whoever runs the house, who is a parent too and has a family."""
    known_as = display_name or email.partition("@")[0]
    new = NewUser(
        role=Role.ADMIN,
        status="ACTIVE",
        display_name=known_as[:80],
        email=email,
        password_hash=password_hash,
        approved_at=tx.now,
    )
    admin = await _create(tx, new)
    await _seat(tx, admin, None)
    tx.audit(
        "admin.create", "user", admin.id, after={"username": admin.username}, concerns=admin.id
    )
    tx.created(admin.id)
    return admin


async def _own_child(tx: Transaction, viewer: Viewer, child_id: str) -> User:
    """The child, whose guardians change one after the other."""
    await users.lock(tx, child_id)
    return await access_child(tx, viewer, child_id)


async def _create(tx: Transaction, new: NewUser) -> User:
    try:
        if new.username is not None:
            return await users.create(tx, new)
        return await create_named(tx, new)
    except EmailTaken:
        raise email_taken() from None
    except UsernameTaken:
        raise Conflict(
            "Somebody goes by that username already. Choose another.", Code.USERNAME_TAKEN
        ) from None


async def _seat(tx: Transaction, user: User, family_id: str | None) -> str:
    if family_id is None:
        family = await families.found(tx, user.display_name)
    else:
        found = await families.find(tx, family_id)
        if found is None:
            raise NotFound("There is no such family.")
        family = found
    await families.seat(tx, family.id, user.id)
    return family.id
