"""The wire of registration: how adults come in, and how they bring their children."""

from typing import Annotated

from pydantic import Field

from api.accounts.credentials import NewPassword, Pin
from api.accounts.schemas import (
    AccountStatus,
    BirthDate,
    ChildUserOut,
    DisplayName,
    Email,
    FamilyId,
    FullUserOut,
    UserId,
    Username,
    UserOut,
)
from api.wire import SERVER_MADE, Timestamp, Wire


class RegisterParent(Wire):
    """A parent asks for an account."""

    email: Email
    password: NewPassword
    display_name: Annotated[
        DisplayName | None,
        Field(description="Left out: made from the e-mail address.", examples=["Mara"]),
    ] = None


class Register(Wire):
    """A parent asks for an account under a name of their choice."""

    username: Username
    password: NewPassword
    email: Annotated[Email | None, Field(examples=["mara@example.org"])] = None


class SignUp(Wire):
    """A parent asks for an account with nothing but an e-mail address."""

    email: Email
    password: NewPassword


class RegisteredUserOut(FullUserOut):
    """An account that was asked for."""

    status: Annotated[AccountStatus, SERVER_MADE, Field(examples=["PENDING"])]
    approved_by_admin: Annotated[bool, SERVER_MADE, Field(examples=[False])]
    avatar_url: Annotated[str | None, SERVER_MADE, Field(examples=[None])]
    families: Annotated[list[FamilyId], SERVER_MADE, Field(examples=[[]])]
    last_seen: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]


class RegisteredOut(Wire):
    """The account that was asked for; as long as it is pending, nobody can sign in to it."""

    user: RegisteredUserOut


class ApproveParent(Wire):
    """Whom to let in, and where."""

    user_id: UserId
    family_id: Annotated[
        FamilyId | None, Field(description="The family to join; left out: a new one.")
    ] = None


class NewChild(Wire):
    """The child to create; active at once."""

    username: Annotated[
        Username | None,
        Field(description="Left out: made from the display name.", examples=["lia-2017"]),
    ] = None
    email: Annotated[Email | None, Field(examples=[None])] = None
    password: NewPassword
    display_name: Annotated[DisplayName, Field(examples=["Lia"])]
    birth_date: Annotated[BirthDate | None, Field(examples=["2017-05-21"])] = None
    pin: Annotated[
        Pin | None,
        Field(description="Opens the child's profile on televisions.", examples=["4711"]),
    ] = None


class ChildCreatedOut(Wire):
    """The child's new account."""

    user: ChildUserOut


class AddGuardian(Wire):
    """Who shall be a guardian of the child too."""

    user_id: UserId


class GuardiansOut(Wire):
    """All guardians of a child, the primary one first."""

    guardians: list[UserOut]
