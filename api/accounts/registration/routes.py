"""Registration, approval, children and their guardians over HTTP."""

from aiohttp import web
from pydantic import Secret

from api.access import ADMINS, PARENTS, Role
from api.accounts.keys import HASHING
from api.accounts.passwords.rules import MIN_LENGTH, check_password
from api.accounts.people import access_child, in_full
from api.accounts.registration import service
from api.accounts.registration.schemas import (
    AddGuardian,
    ApproveParent,
    ChildCreatedOut,
    GuardiansOut,
    NewChild,
    Register,
    RegisteredOut,
    RegisteredUserOut,
    RegisterParent,
    SignUp,
)
from api.accounts.schemas import ChildUserOut, UserAnswer, UserOut
from api.errors import Code
from api.idempotency import begin
from api.keys import DB, SETTINGS, VIEWER
from api.routing import OPEN, Endpoints
from store import families
from store.database import Reading
from store.users import NewUser, User

endpoint = Endpoints("Registration")


@endpoint.post(
    "/auth/parent/register",
    roles=OPEN,
    body=RegisterParent,
    returns=RegisteredOut,
    status=201,
    limit="auth",
    refuses=(Code.EMAIL_TAKEN,),
)
async def register_parent(request: web.Request, body: RegisterParent) -> RegisteredOut:
    """Ask for a parent's account; an admin approves it."""
    hashed = await _hashed(request, body.password, body.email)
    async with begin(request) as tx:
        user = await service.register(
            tx, password_hash=hashed, email=body.email, display_name=body.display_name
        )
        return await _registered(tx, user)


@endpoint.post(
    "/register",
    roles=OPEN,
    body=Register,
    returns=RegisteredOut,
    status=201,
    limit="auth",
    refuses=(Code.EMAIL_TAKEN, Code.USERNAME_TAKEN),
)
async def register(request: web.Request, body: Register) -> RegisteredOut:
    """Ask for a parent's account by username; active at once when registration is open."""
    hashed = await _hashed(request, body.password, body.username, body.email)
    async with begin(request) as tx:
        user = await service.register(
            tx,
            password_hash=hashed,
            email=body.email,
            username=body.username,
            is_open=_is_open(request),
        )
        return await _registered(tx, user)


@endpoint.post(
    "/api/signup",
    roles=OPEN,
    body=SignUp,
    returns=RegisteredOut,
    status=201,
    limit="auth",
    refuses=(Code.EMAIL_TAKEN,),
)
async def sign_up(request: web.Request, body: SignUp) -> RegisteredOut:
    """Ask for a parent's account by e-mail address; active at once when registration is open."""
    hashed = await _hashed(request, body.password, body.email)
    async with begin(request) as tx:
        user = await service.register(
            tx, password_hash=hashed, email=body.email, is_open=_is_open(request)
        )
        return await _registered(tx, user)


@endpoint.post(
    "/auth/admin/approve",
    roles=ADMINS,
    body=ApproveParent,
    returns=UserAnswer,
    refuses=(Code.CONFLICT,),
)
async def approve(request: web.Request, body: ApproveParent) -> UserAnswer:
    """Let a pending parent in; to approve again changes nothing."""
    async with begin(request) as tx:
        user = await service.approve(tx, body.user_id, body.family_id)
        return UserAnswer(user=await in_full(tx, user))


async def _child_again(request: web.Request, child_id: str) -> ChildCreatedOut:
    async with request.app[DB].read() as db:
        return await _child_created(db, await access_child(db, request[VIEWER], child_id))


@endpoint.post(
    "/auth/child",
    roles=PARENTS,
    body=NewChild,
    returns=ChildCreatedOut,
    status=201,
    limit="auth",
    refuses=(Code.USERNAME_TAKEN, Code.EMAIL_TAKEN),
    again=_child_again,
)
async def create_child(request: web.Request, body: NewChild) -> ChildCreatedOut:
    """Create a child's account."""
    viewer = request[VIEWER]
    hashed = await _hashed(request, body.password, body.username, body.email)
    new = NewUser(
        role=Role.CHILD,
        status="ACTIVE",
        display_name=body.display_name,
        username=body.username,
        email=body.email,
        password_hash=hashed,
        parent_id=viewer.user_id,
        birth_date=body.birth_date,
        pin_hash=await request.app[HASHING].hash(body.pin) if body.pin else None,
    )
    async with begin(request) as tx:
        child = await service.create_child(tx, viewer, new)
        return await _child_created(tx, child)


async def _guardians_again(request: web.Request, child_id: str) -> GuardiansOut:
    async with request.app[DB].read() as db:
        child = await access_child(db, request[VIEWER], child_id)
        return await _guardians(db, await families.guardians(db, child.id))


@endpoint.post(
    "/auth/child/{id}/guardians",
    roles=PARENTS,
    body=AddGuardian,
    returns=GuardiansOut,
    status=201,
    refuses=(Code.FORBIDDEN,),
    again=_guardians_again,
)
async def add_guardian(request: web.Request, body: AddGuardian) -> GuardiansOut:
    """Make another parent a guardian of the child."""
    async with begin(request) as tx:
        guardians = await service.add_guardian(
            tx, request[VIEWER], request.match_info["id"], body.user_id
        )
        return await _guardians(tx, guardians)


@endpoint.delete(
    "/auth/child/{id}/guardians/{user_id}",
    roles=PARENTS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
async def remove_guardian(request: web.Request) -> None:
    """Take a guardian away; nobody removes the primary one."""
    async with begin(request) as tx:
        await service.remove_guardian(
            tx, request[VIEWER], request.match_info["id"], request.match_info["user_id"]
        )


async def _hashed(request: web.Request, password: Secret[str], *names: str | None) -> str:
    check_password(password, *names, min_length=request.app[SETTINGS][MIN_LENGTH])
    return await request.app[HASHING].hash(password)


def _is_open(request: web.Request) -> bool:
    return request.app[SETTINGS][service.REGISTRATION] == "open"


async def _registered(db: Reading, user: User) -> RegisteredOut:
    return RegisteredOut(user=RegisteredUserOut.of(user, await _families(db, user)))


async def _child_created(db: Reading, child: User) -> ChildCreatedOut:
    return ChildCreatedOut(user=ChildUserOut.of(child, await _families(db, child)))


async def _guardians(db: Reading, guardians: list[User]) -> GuardiansOut:
    belongs = await families.families_of(db, [guardian.id for guardian in guardians])
    return GuardiansOut(guardians=[UserOut.of(g, belongs.get(g.id, [])) for g in guardians])


async def _families(db: Reading, user: User) -> list[str]:
    return (await families.families_of(db, [user.id])).get(user.id, [])
