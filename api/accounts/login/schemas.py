"""The wire of signing in and out, in the contract's own form."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.access import Role
from api.accounts.credentials import (
    AccessToken,
    Handed,
    Password,
    RefreshToken,
    SecondFactor,
    Token,
)
from api.accounts.schemas import DisplayName, FamilyId, FullUserOut
from api.wire import SERVER_MADE, Wire

# What people type to say who they are. Its form is not checked: a name that can't exist is answered
# like one that does not.
LoginName = Annotated[str, Field(min_length=1, max_length=254)]
RefreshInBody = Annotated[
    bool,
    Field(description="Answer with the refresh token in the body instead of a cookie."),
]


class LogIn(Wire):
    """Who signs in: the e-mail address or the username, and the password."""

    email: Annotated[LoginName | None, Field(examples=["mara@example.org"])] = None
    username: Annotated[LoginName | None, Field(examples=[None, "mara"])] = None
    password: Password
    totp: SecondFactor | None = None
    refresh_in_body: RefreshInBody = False

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.email is None) == (self.username is None):
            raise ValueError("does not name one account: send either `email` or `username`")
        return self


class LoginOut(Wire):
    """Who is signed in, and the tokens of their session."""

    user: FullUserOut
    access: AccessToken
    expires_in: Annotated[
        int, Field(description="The access token's life in seconds.", examples=[900])
    ]
    refresh: Annotated[
        RefreshToken | None, Field(description="Null: it is in the cookie.", examples=[None])
    ]
    csrf_token: Annotated[
        Handed,
        Field(
            description="For `X-CSRF-Token` on requests that a cookie authenticates.",
            examples=["Yb7kQ2mVx0RfPz4s"],
        ),
    ]


class Refresh(Wire):
    """The refresh token, from clients that keep it themselves; left out: it is in the cookie."""

    refresh_token: Token | None = None


class LogOut(Wire):
    """Which sessions to end."""

    everywhere: Annotated[
        bool, Field(description="All sessions of the account, not only this one.", examples=[False])
    ] = False


class GuestName(Wire):
    """What the others in the watch room shall call the guest."""

    display_name: Annotated[DisplayName, Field(examples=["Grandma Ruth"])]


class GuestUserOut(FullUserOut):
    """A guest's account, which opens watch rooms and nothing else."""

    role: Annotated[Literal[Role.GUEST], SERVER_MADE, Field(examples=["GUEST"])]
    username: Annotated[str, Field(examples=["grandma-ruth"])]
    display_name: Annotated[str, Field(examples=["Grandma Ruth"])]
    avatar_url: Annotated[None, SERVER_MADE]
    is_guest: Annotated[Literal[True], SERVER_MADE]
    families: Annotated[list[FamilyId], SERVER_MADE, Field(max_length=0, examples=[[]])]
    approved_by_admin: Annotated[bool, SERVER_MADE, Field(examples=[False])]
    email: None


class GuestOut(Wire):
    """A guest's account and the token of its session."""

    token: AccessToken
    user: GuestUserOut
