"""Passwords over HTTP."""

from aiohttp import web

from api.access import MEMBERS
from api.accounts.keys import FRONT_DOOR, HASHING
from api.accounts.passwords import service
from api.accounts.passwords.rules import MIN_LENGTH, check_password
from api.accounts.passwords.schemas import ChangePassword, ResetPassword
from api.errors import Code
from api.idempotency import begin
from api.keys import DB, SETTINGS, VIEWER
from api.routing import OPEN, Endpoints
from store import reset_links, users

endpoint = Endpoints("Passwords")


@endpoint.post(
    "/auth/password",
    roles=MEMBERS,
    body=ChangePassword,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED),
    while_enrolling=True,
)
async def change_password(request: web.Request, body: ChangePassword) -> None:
    """Change one's own password; all other sessions end."""
    viewer = request[VIEWER]
    assert viewer.user_id is not None
    async with request.app[DB].read() as db:
        user = await users.find(db, viewer.user_id)
    assert user is not None
    check_password(
        body.new,
        user.username,
        user.email,
        min_length=request.app[SETTINGS][MIN_LENGTH],
        field="new",
    )
    old_hash = await request.app[FRONT_DOOR].confirm_password(user.id, body.current)
    new_hash = await request.app[HASHING].hash(body.new)
    async with begin(request) as tx:
        await service.change(
            tx, user.id, old_hash=old_hash, new_hash=new_hash, session_id=viewer.session_id
        )


@endpoint.post(
    "/auth/password/reset",
    roles=OPEN,
    body=ResetPassword,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS,),
)
async def reset_password(request: web.Request, body: ResetPassword) -> None:
    """Set a new password with a one-time link; all sessions have ended."""
    token = body.token.get_secret_value()
    async with request.app[DB].read() as db:
        whose = await reset_links.whose(db, token)
        user = await users.find(db, whose) if whose else None
    names = (user.username, user.email) if user else ()
    check_password(body.new, *names, min_length=request.app[SETTINGS][MIN_LENGTH], field="new")
    new_hash = await request.app[HASHING].hash(body.new)
    async with begin(request) as tx:
        user_id = await service.reset(tx, token, new_hash)
    await request.app[FRONT_DOOR].unlock(user_id)
