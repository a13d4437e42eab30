"""Signing in and out over HTTP in the older shapes, for clients that were written for them."""

from aiohttp import web

from api.access import EVERYONE
from api.accounts import cookies
from api.accounts.device import device_of
from api.accounts.keys import FRONT_DOOR
from api.accounts.login import guests
from api.accounts.login.answers import csrf_of, log_in_cookies, user_of
from api.accounts.login.older_schemas import (
    BearerTokenOut,
    CookieLoginOut,
    LogInByEmail,
    PasswordForm,
    RefreshTokenBody,
    TokenPair,
)
from api.accounts.login.schemas import GuestName, GuestOut, GuestUserOut
from api.accounts.login.service import Form, Recognised, SignedIn
from api.accounts.refusals import LOGIN_REFUSALS, REFRESH_REFUSALS
from api.errors import Code
from api.http import FORM
from api.idempotency import begin
from api.keys import VIEWER
from api.routing import OPEN, Answer, Endpoints

endpoint = Endpoints("Login in older shapes")


@endpoint.post(
    "/token",
    roles=OPEN,
    body=PasswordForm,
    returns=TokenPair,
    limit="auth",
    refuses=LOGIN_REFUSALS,
    consumes=FORM,
)
async def token(request: web.Request, body: PasswordForm) -> TokenPair:
    """Sign in by OAuth2's password form."""
    door = request.app[FRONT_DOOR]
    recognised = await door.recognise(body.username, body.password, body.totp)
    return _pair(await _open(request, recognised, Form.PAIR))


@endpoint.post(
    "/refresh",
    roles=OPEN,
    body=RefreshTokenBody,
    returns=TokenPair,
    limit="auth",
    refuses=REFRESH_REFUSALS,
)
async def refresh(request: web.Request, body: RefreshTokenBody) -> TokenPair:
    """A new pair of tokens for the refresh token, which serves once."""
    door = request.app[FRONT_DOOR]
    return _pair(await door.go_on(body.refresh_token, device_of(request), with_grace=False))


@endpoint.post("/logout", roles=OPEN, body=RefreshTokenBody, returns=None, status=204, limit="auth")
async def log_out(request: web.Request, body: RefreshTokenBody) -> None:
    """End the session that a refresh token belongs to."""
    async with begin(request) as tx:
        await request.app[FRONT_DOOR].leave_by_token(tx, body.refresh_token)


@endpoint.post(
    "/api/login",
    roles=OPEN,
    body=LogInByEmail,
    returns=BearerTokenOut,
    limit="auth",
    refuses=LOGIN_REFUSALS,
)
async def log_in_for_a_day(request: web.Request, body: LogInByEmail) -> BearerTokenOut:
    """Sign in for one token that lasts a day."""
    door = request.app[FRONT_DOOR]
    recognised = await door.recognise(body.email, body.password, body.totp)
    signed_in = await _open(request, recognised, Form.SINGLE)
    return BearerTokenOut(access_token=signed_in.access, token_type="bearer")  # noqa: S106 - the kind of token


@endpoint.post(
    "/api/auth/login/",
    roles=OPEN,
    body=LogInByEmail,
    returns=CookieLoginOut,
    limit="auth",
    refuses=LOGIN_REFUSALS,
)
async def log_in_with_cookie(request: web.Request, body: LogInByEmail) -> Answer:
    """Sign in with a cookie."""
    door = request.app[FRONT_DOOR]
    recognised = await door.recognise(body.email, body.password, body.totp)
    signed_in = await _open(request, recognised, Form.SINGLE)
    assert signed_in.cookie is not None
    answer = CookieLoginOut(
        token=signed_in.access, user=user_of(signed_in), csrf_token=csrf_of(request, signed_in)
    )
    kept = cookies.session(signed_in.cookie, signed_in.session_seconds)
    return Answer(answer, cookies=[kept, *log_in_cookies(signed_in)])


@endpoint.post(
    "/api/auth/logout/",
    roles=EVERYONE,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.CSRF,),
    while_enrolling=True,
    origin_is_enough=True,
)
async def log_out_with_cookie(request: web.Request) -> Answer:
    """End the cookie's session.

    A page of this house needs no CSRF token for it: its `Origin` is enough.
    """
    async with begin(request) as tx:
        await request.app[FRONT_DOOR].leave(tx, request[VIEWER], everywhere=False)
    return Answer(None, status=204, cookies=cookies.signed_out())


@endpoint.post(
    "/api/auth/guest/",
    roles=OPEN,
    body=GuestName,
    returns=GuestOut,
    status=201,
    limit="auth",
    flag="guests",
)
async def come_in_as_guest(request: web.Request, body: GuestName) -> GuestOut:
    """Come in as a guest, for watch rooms only."""
    async with begin(request) as tx:
        guest = await guests.create(tx, body.display_name)
        signed_in = await request.app[FRONT_DOOR].open(
            tx, Recognised(guest), device_of(request), Form.SINGLE
        )
    return GuestOut(token=signed_in.access, user=GuestUserOut.of(signed_in.user, []))


async def _open(request: web.Request, recognised: Recognised, form: Form) -> SignedIn:
    async with begin(request) as tx:
        return await request.app[FRONT_DOOR].open(tx, recognised, device_of(request), form)


def _pair(signed_in: SignedIn) -> TokenPair:
    assert signed_in.refresh is not None
    return TokenPair(
        access_token=signed_in.access,
        refresh_token=signed_in.refresh,
        token_type="bearer",  # noqa: S106 - the kind of token
        expires_in=signed_in.seconds,
    )
