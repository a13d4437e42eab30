"""The wire of people: users and families, as every feature shows them."""

import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints

from api.access import Role
from api.wire import SERVER_MADE, Page, PageQuery, Timestamp, Wire, id_field
from store.users import User

UserId = Annotated[str, id_field("u")]
FamilyId = Annotated[str, id_field("f")]

# They turn the text around them about, or show nothing at all.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _seen(name: str) -> str:
    if _TURNING & {*name}:
        raise ValueError("holds a character that turns the writing around")
    if not any(unicodedata.category(letter)[0] in "LNPS" for letter in name):
        raise ValueError("shows nothing")
    return name


Email = Annotated[
    str,
    # Letters beyond ASCII look like others, and fold into others when case is ignored.
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$"),
    Field(json_schema_extra={"format": "email"}, examples=["mara@example.org"]),
]
# The alphabet has no `@`, and the shortest is longer than `me`: no username can be taken for an
# address or for the route of one's own account.
Username = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{3,40}$", examples=["mara"])]
DisplayName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
    AfterValidator(_seen),
    Field(examples=["Mara"]),
]
BirthDate = Annotated[date, Field(ge=date(1900, 1, 1), examples=["2017-05-21"])]
Locale = Annotated[
    str,
    Field(
        max_length=35,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        description="A BCP 47 language tag.",
        examples=["de-DE"],
    ),
]
TimeZone = Annotated[
    str,
    Field(
        max_length=64,
        pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$",
        description="A name of the IANA time zone database.",
        examples=["Europe/Berlin"],
    ),
]
AvatarUrl = Annotated[
    str | None,
    SERVER_MADE,
    Field(
        description="Null: no picture was ever given.",
        examples=["/media/5Vg0s3nqTzK8b1"],
    ),
]


def avatar_url(avatar_id: str | None) -> str | None:
    return None if avatar_id is None else f"/media/{avatar_id}"


class AccountStatus(StrEnum):
    """Where an account stands: it waits for approval, is in use, or is held."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class SenderOut(Wire):
    """As much of a person as stands beside what they wrote."""

    id: Annotated[UserId, SERVER_MADE]
    username: Annotated[str, Field(examples=["mara"])]
    display_name: Annotated[str, Field(examples=["Mara"])]
    avatar_url: AvatarUrl


class UserOut(Wire):
    """A person, as the others of their circle see them."""

    id: Annotated[UserId, SERVER_MADE]
    role: Annotated[Role, SERVER_MADE, Field(examples=["PARENT"])]
    username: Annotated[str, Field(examples=["mara"])]
    display_name: Annotated[str, Field(examples=["Mara"])]
    avatar_url: AvatarUrl
    is_guest: Annotated[bool, SERVER_MADE, Field(examples=[False])]
    families: Annotated[
        list[FamilyId],
        SERVER_MADE,
        Field(
            description="The families that this person belongs to.",
            examples=[["f_01jn8xv3k0e5qr7s9tbcdfghj2"]],
        ),
    ]
    locale: Annotated[str | None, Field(examples=["de-DE"])]
    timezone: Annotated[str | None, Field(examples=["Europe/Berlin"])]
    created_at: Annotated[Timestamp, SERVER_MADE]

    @classmethod
    def of(cls, user: User, families: list[str]) -> Self:
        return cls(**cls._fields_of(user, families))

    @classmethod
    def _fields_of(cls, user: User, families: list[str]) -> dict[str, Any]:
        return {
            "id": user.id,
            "role": Role(user.role),
            "username": user.username,
            "display_name": user.display_name,
            "avatar_url": avatar_url(user.avatar_id),
            "is_guest": user.role == Role.GUEST,
            "families": families,
            "locale": user.locale,
            "timezone": user.timezone,
            "created_at": user.created_at,
        }


class FullUserOut(UserOut):
    """A person, as they themself, their guardians and the admins see them."""

    status: Annotated[AccountStatus, SERVER_MADE, Field(examples=["ACTIVE"])]
    approved_by_admin: Annotated[bool, SERVER_MADE, Field(examples=[True])]
    email: Annotated[str | None, Field(examples=["mara@example.org"])]
    parent_id: Annotated[
        UserId | None,
        SERVER_MADE,
        Field(description="A child's primary guardian; null for all others.", examples=[None]),
    ]
    last_seen: Annotated[
        Timestamp | None, SERVER_MADE, Field(examples=["2026-03-01T11:58:12.000Z"])
    ]

    @classmethod
    def _fields_of(cls, user: User, families: list[str]) -> dict[str, Any]:
        return {
            **super()._fields_of(user, families),
            "status": user.status,
            "approved_by_admin": user.approved_at is not None,
            "email": user.email,
            "parent_id": user.parent_id,
            "last_seen": user.last_seen,
        }


class ChildUserOut(FullUserOut):
    """A child's account."""

    id: Annotated[UserId, SERVER_MADE, Field(examples=["u_01jn9c2m4rwd8xg6tz5v1ykqae"])]
    role: Annotated[Literal[Role.CHILD], SERVER_MADE, Field(examples=["CHILD"])]
    username: Annotated[str, Field(examples=["lia-2017"])]
    display_name: Annotated[str, Field(examples=["Lia"])]
    email: Annotated[str | None, Field(examples=[None])]
    parent_id: Annotated[UserId, SERVER_MADE, Field(description="The primary guardian.")]


# A person, as far as the viewer may see them; the fuller shape first, so that it wins.
AnyUserOut = FullUserOut | UserOut


class UserAnswer(Wire):
    """The account that was made or changed."""

    user: FullUserOut


class FamilyOut(Wire):
    """A family and who belongs to it."""

    id: Annotated[FamilyId, SERVER_MADE]
    name: Annotated[str, Field(examples=["Mara and Jonas"])]
    members: Annotated[list[AnyUserOut], SERVER_MADE]


UserOrder = Literal[
    "username", "-username", "display_name", "-display_name", "created_at", "-created_at"
]


class UsersQuery(PageQuery):
    """Which users, and in which order."""

    positions = PageQuery.positions | {"offset"}

    offset: Annotated[
        int, Field(ge=0, le=1_000_000, description="How many to pass over.", examples=[0])
    ] = 0
    order: Annotated[
        UserOrder, Field(description="`-` before it: descending.", examples=["username"])
    ] = "username"


class UsersPage(Page[AnyUserOut]):
    """One page of users, each as far as the viewer may see them."""
