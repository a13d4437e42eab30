"""Signing in and out over HTTP, in all the shapes that clients know."""

from api.access import EVERYONE
from api.accounts.login.older_schemas import (
    BearerTokenOut,
    CookieLoginOut,
    LogInByEmail,
    PasswordForm,
    RefreshTokenBody,
    TokenPair,
)
from api.accounts.login.schemas import GuestName, GuestOut, LogIn, LoginOut, LogOut, Refresh
from api.accounts.refusals import LOGIN_REFUSALS, REFRESH_REFUSALS
from api.errors import Code
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Login")

endpoint.planned(
    "POST",
    "/auth/login",
    "Sign in.",
    roles=OPEN,
    body=LogIn,
    returns=LoginOut,
    limit="auth",
    refuses=LOGIN_REFUSALS,
)
endpoint.planned(
    "POST",
    "/auth/refresh",
    "Go on with the session: fresh tokens for the refresh token.",
    roles=OPEN,
    body=Refresh,
    returns=LoginOut,
    limit="auth",
    refuses=REFRESH_REFUSALS,
)
endpoint.planned(
    "POST",
    "/auth/logout",
    "Sign out here, or everywhere.",
    roles=EVERYONE,
    body=LogOut,
    returns=None,
    status=204,
    refuses=(Code.CSRF,),
)
endpoint.planned(
    "POST",
    "/token",
    "Sign in by OAuth2's password form.",
    roles=OPEN,
    body=PasswordForm,
    returns=TokenPair,
    limit="auth",
    refuses=LOGIN_REFUSALS,
    consumes="application/x-www-form-urlencoded",
)
endpoint.planned(
    "POST",
    "/refresh",
    "A new pair of tokens for the refresh token, which serves once.",
    roles=OPEN,
    body=RefreshTokenBody,
    returns=TokenPair,
    limit="auth",
    refuses=REFRESH_REFUSALS,
)
endpoint.planned(
    "POST",
    "/logout",
    "End the session that a refresh token belongs to.",
    roles=OPEN,
    body=RefreshTokenBody,
    returns=None,
    status=204,
)
endpoint.planned(
    "POST",
    "/api/login",
    "Sign in for one token that lasts a day.",
    roles=OPEN,
    body=LogInByEmail,
    returns=BearerTokenOut,
    limit="auth",
    refuses=LOGIN_REFUSALS,
)
endpoint.planned(
    "POST",
    "/api/auth/login/",
    "Sign in with a cookie.",
    roles=OPEN,
    body=LogInByEmail,
    returns=CookieLoginOut,
    limit="auth",
    refuses=LOGIN_REFUSALS,
)
endpoint.planned(
    "POST",
    "/api/auth/logout/",
    "End the cookie's session.",
    roles=EVERYONE,
    returns=None,
    status=204,
    refuses=(Code.CSRF,),
)
endpoint.planned(
    "POST",
    "/api/auth/guest/",
    "Come in as a guest, for watch rooms only.",
    roles=OPEN,
    body=GuestName,
    returns=GuestOut,
    status=201,
    limit="auth",
    flag="guests",
)
