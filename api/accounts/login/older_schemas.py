"""The wire of signing in and out in its older shapes, for clients that were written for them."""

from typing import Annotated, Literal

from pydantic import Field, Secret, StringConstraints

from api.accounts.credentials import (
    AccessToken,
    Handed,
    Password,
    RefreshToken,
    SecondFactor,
    Token,
)
from api.accounts.login.schemas import LoginName
from api.accounts.schemas import FullUserOut
from api.wire import Wire

TokenType = Annotated[Literal["bearer"], Field(examples=["bearer"])]
PassedOver = Annotated[
    Secret[Annotated[str, StringConstraints(max_length=2048)]] | None,
    Field(description="A field of OAuth2 that is passed over.", examples=[None]),
]


class PasswordForm(Wire):
    """The form of OAuth2's password grant."""

    grant_type: Annotated[Literal["password"], Field(examples=["password"])] = "password"
    username: Annotated[LoginName, Field(description="Or the e-mail address.", examples=["mara"])]
    password: Password
    totp: SecondFactor | None = None
    scope: PassedOver = None
    client_id: PassedOver = None
    client_secret: PassedOver = None


class TokenPair(Wire):
    """An access token, and the refresh token that gets the next."""

    access_token: AccessToken
    refresh_token: RefreshToken
    token_type: TokenType
    expires_in: Annotated[
        int, Field(description="The access token's life in seconds.", examples=[900])
    ]


class RefreshTokenBody(Wire):
    """The refresh token of the session that is meant."""

    refresh_token: Token


class LogInByEmail(Wire):
    """Who signs in, and the password."""

    email: Annotated[LoginName, Field(examples=["mara@example.org"])]
    password: Password
    totp: SecondFactor | None = None


class BearerTokenOut(Wire):
    """An access token that lasts a day, with nothing to refresh it."""

    access_token: AccessToken
    token_type: TokenType


class CookieLoginOut(Wire):
    """Who is signed in; the session is in the cookie, and the token serves beside it."""

    token: AccessToken
    user: FullUserOut
    csrf_token: Annotated[
        Handed,
        Field(
            description="For `X-CSRF-Token` on requests that the cookie authenticates.",
            examples=["Yb7kQ2mVx0RfPz4s"],
        ),
    ]
