"""The wire of a family: the children in one's care, and the rules that guardians set for them."""

from typing import Annotated, Literal, Self

from pydantic import Field

from api.accounts.schemas import ChildUserOut, FamilyOut, SenderOut, TimeZone, UserId, UserOut
from api.family.hours import BedtimeByWeekday, MinutesByWeekday, WeeklyHours
from api.wire import SERVER_MADE, Page, Timestamp, Wire, id_field
from store.users import User

Surface = Literal["watch", "calls", "streams"]
_SURFACES: tuple[Surface, ...] = ("watch", "calls", "streams")
AskKind = Literal["contact", "room", "guest", "title", "minutes", "photo"]

PrivacyLevel = Literal["full", "summary", "alerts"]
_PRIVACY = Field(
    description="How much guardians see: `full` what was said, `summary` counts and minutes,"
    " `alerts` only reports and safety events. Never retroactive.",
    examples=["summary"],
)
_DUAL_CONSENT = Field(
    description="The kinds of asks that need two guardians to agree.", examples=[["guest"]]
)


Child = Annotated[
    SenderOut,
    Field(
        examples=[
            {
                "id": "u_01jn9c2m4rwd8xg6tz5v1ykqae",
                "username": "lia-2017",
                "display_name": "Lia",
                "avatar_url": "/media/Qm7xV1nTz5Lw3c",
            }
        ]
    ),
]
Friend = Annotated[
    SenderOut,
    Field(
        examples=[
            {
                "id": "u_01jnb7y0t3s6hk9wq2e4dvxrgm",
                "username": "nele",
                "display_name": "Nele",
                "avatar_url": None,
            }
        ]
    ),
]


class ScreenTimeOut(Wire):
    """Where a child stands today, by their own clock."""

    used_minutes: Annotated[int, Field(examples=[35])]
    bonus_minutes: Annotated[int, Field(description="Given for today.", examples=[15])]
    left_minutes: Annotated[
        int | None, Field(description="Null: today has no limit.", examples=[40])
    ]
    unlock_at: Annotated[
        Timestamp | None,
        Field(description="Null: nothing is closed at this moment.", examples=[None]),
    ]

    @classmethod
    def unlimited(cls) -> Self:
        """How a child stands for whom nobody has set any hours or minutes."""
        return cls(used_minutes=0, bonus_minutes=0, left_minutes=None, unlock_at=None)


class ContactSettingsOut(Wire):
    """Whom a child may meet beside their family."""

    mode: Annotated[
        Literal["approved", "open"],
        Field(description="The server's setting `child_contacts`.", examples=["approved"]),
    ]
    approved: Annotated[int, Field(description="How many people.", examples=[4])]
    requested: Annotated[int, Field(description="How many wait for an answer.", examples=[1])]
    privacy_level: Annotated[PrivacyLevel, _PRIVACY]

    @classmethod
    def none_yet(cls, mode: str) -> Self:
        """What holds for a child whose guardians have decided nothing."""
        return cls.model_validate(
            {"mode": mode, "approved": 0, "requested": 0, "privacy_level": "summary"}
        )


class ChildOut(ChildUserOut):
    """A child in one's care, and how they stand."""

    guardians: Annotated[list[UserOut], SERVER_MADE, Field(description="The primary one first.")]
    screen_time: Annotated[ScreenTimeOut, SERVER_MADE]
    contacts: Annotated[ContactSettingsOut, SERVER_MADE]

    @classmethod
    def standing(
        cls,
        child: User,
        families: list[str],
        *,
        guardians: list[UserOut],
        screen_time: ScreenTimeOut,
        contacts: ContactSettingsOut,
    ) -> Self:
        return cls(
            **cls._fields_of(child, families),
            guardians=guardians,
            screen_time=screen_time,
            contacts=contacts,
        )


class FamilyPage(Page[ChildOut]):
    """The children in the caller's care, and the families that they all belong to."""

    families: Annotated[list[FamilyOut], SERVER_MADE]


class ContactOut(Wire):
    """Somebody whom a child may meet, or would like to."""

    user: UserOut
    state: Annotated[Literal["approved", "requested"], Field(examples=["approved"])]
    approved_by: Annotated[
        list[SenderOut],
        Field(description="The guardians who have said yes, where two are needed both."),
    ]
    requested_at: Annotated[
        Timestamp | None, Field(description="Null: a guardian thought of it by themself.")
    ]
    approved_at: Annotated[Timestamp | None, Field(description="Null: it waits for a guardian.")]


class ContactsOut(Wire):
    """Whom a child may meet, and how closely their guardians look."""

    user_ids: Annotated[
        list[UserId],
        Field(
            description="The approved ones, family left out: they need no approval.",
            examples=[["u_01jn8xv3k0e5qr7s9tbcdfghj2"]],
        ),
    ]
    privacy_level: Annotated[PrivacyLevel, _PRIVACY]
    dual_consent: Annotated[list[AskKind], _DUAL_CONSENT]
    contacts: Annotated[
        list[ContactOut],
        SERVER_MADE,
        Field(description="The same people and those who wait, with what is known of each."),
    ]


class ChangeContacts(Wire):
    """What to change; what is left out stays."""

    user_ids: Annotated[
        list[UserId] | None,
        Field(
            max_length=1000,
            description="All who shall be approved; for whoever is missing, it ends at once.",
            examples=[["u_01jn8xv3k0e5qr7s9tbcdfghj2"]],
        ),
    ] = None
    privacy_level: Annotated[PrivacyLevel | None, _PRIVACY] = None
    dual_consent: Annotated[list[AskKind] | None, Field(max_length=6), _DUAL_CONSENT] = None


class QuietHoursOut(Wire):
    """When a child can read and no more."""

    timezone: Annotated[str, Field(examples=["Europe/Berlin"])]
    weekly: list[WeeklyHours]


class SetQuietHours(Wire):
    """All quiet hours of the week, in place of those before; bedtime is among them."""

    timezone: TimeZone
    weekly: Annotated[list[WeeklyHours], Field(max_length=70)]


_DOWNTIME = Field(
    description="Who can be talked to when the time is up, beside the guardians.",
    examples=[["u_01jn8xv3k0e5qr7s9tbcdfghj2"]],
)


class TimeOut(Wire):
    """A child's time budget, and where they stand today."""

    timezone: Annotated[str, Field(examples=["Europe/Berlin"])]
    daily_minutes: MinutesByWeekday
    bedtime: BedtimeByWeekday
    surfaces: Annotated[
        list[Surface],
        Field(description="What draws on the budget.", examples=[list(_SURFACES)]),
    ]
    downtime_contacts: Annotated[list[UserId], _DOWNTIME]
    today: Annotated[ScreenTimeOut, SERVER_MADE]


class SetTime(Wire):
    """A child's time budget, in place of the one before."""

    timezone: TimeZone
    daily_minutes: MinutesByWeekday
    bedtime: BedtimeByWeekday = BedtimeByWeekday()
    surfaces: list[Surface] = Field(
        default_factory=lambda: list(_SURFACES), max_length=3, examples=[list(_SURFACES)]
    )
    downtime_contacts: Annotated[list[UserId], _DOWNTIME] = Field(
        default_factory=list, max_length=100
    )


class GiveBonus(Wire):
    """More time for today."""

    minutes: Annotated[int, Field(ge=1, le=1440, examples=[15])]


class NewConsent(Wire):
    """What a guardian agrees to for a child, or takes back."""

    kind: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z_]{1,39}$",
            description="What it is about; `recording`: calls may be recorded.",
            examples=["recording"],
        ),
    ]
    text_version: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._-]{1,40}$",
            description="Which text was read.",
            examples=["2026-01"],
        ),
    ]
    granted: Annotated[
        bool, Field(description="False: an earlier consent is taken back.", examples=[True])
    ] = True


class ConsentOut(Wire):
    """The record of a consent; the newest of a kind is the one that counts."""

    id: Annotated[str, SERVER_MADE, id_field("co")]
    child_id: Annotated[UserId, SERVER_MADE]
    kind: Annotated[str, Field(examples=["recording"])]
    text_version: Annotated[str, Field(examples=["2026-01"])]
    granted: Annotated[bool, Field(examples=[True])]
    given_by: Annotated[SenderOut, SERVER_MADE]
    created_at: Annotated[Timestamp, SERVER_MADE]
