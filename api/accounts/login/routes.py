"""Signing in and out over HTTP, in the contract's own form."""

from aiohttp import web
from pydantic import Secret

from api.access import EVERYONE
from api.accounts import cookies
from api.accounts.device import device_of
from api.accounts.keys import FRONT_DOOR
from api.accounts.login.answers import log_in_answer
from api.accounts.login.schemas import LogIn, LoginOut, LogOut, Refresh
from api.accounts.login.service import Form
from api.accounts.refusals import LOGIN_REFUSALS, REFRESH_REFUSALS
from api.errors import Code, Unauthenticated
from api.idempotency import begin
from api.keys import VIEWER
from api.routing import OPEN, Answer, Endpoints

endpoint = Endpoints("Login")


@endpoint.post(
    "/auth/login",
    roles=OPEN,
    body=LogIn,
    returns=LoginOut,
    limit="auth",
    refuses=LOGIN_REFUSALS,
)
async def log_in(request: web.Request, body: LogIn) -> Answer:
    """Sign in.

    The refresh token comes in a cookie, or in the body if that is asked for. As long as the access
    token is kept in memory only, a page signs in anew by `/auth/refresh` when it is opened.
    """
    door = request.app[FRONT_DOOR]
    name = body.email or body.username
    assert name is not None
    recognised = await door.recognise(name, body.password, body.totp)
    async with begin(request) as tx:
        signed_in = await door.open(tx, recognised, device_of(request), Form.PAIR)
    return log_in_answer(request, signed_in, in_body=body.refresh_in_body)


@endpoint.post(
    "/auth/refresh",
    roles=OPEN,
    body=Refresh,
    returns=LoginOut,
    limit="auth",
    refuses=REFRESH_REFUSALS,
)
async def refresh(request: web.Request, body: Refresh) -> Answer:
    """Go on with the session: fresh tokens for the refresh token.

    A token serves once. A client that lost the answer may ask again within a minute, as long as it
    has not used what it was given; whoever brings an old token otherwise ends the session.
    """
    token = body.refresh_token or _from_cookie(request)
    if token is None:
        raise Unauthenticated("No refresh token came with this. Sign in.")
    signed_in = await request.app[FRONT_DOOR].go_on(token, device_of(request), with_grace=True)
    return log_in_answer(request, signed_in, in_body=body.refresh_token is not None)


@endpoint.post(
    "/auth/logout",
    roles=EVERYONE,
    body=LogOut,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.CSRF,),
    while_enrolling=True,
)
async def log_out(request: web.Request, body: LogOut) -> Answer:
    """Sign out here, or everywhere.

    The refresh cookie is as good as a Bearer token here, with the CSRF token beside it.
    """
    async with begin(request) as tx:
        await request.app[FRONT_DOOR].leave(tx, request[VIEWER], everywhere=body.everywhere)
    return Answer(None, status=204, cookies=cookies.signed_out())


def _from_cookie(request: web.Request) -> Secret[str] | None:
    token = request.cookies.get(cookies.REFRESH)
    return Secret(token) if token else None
