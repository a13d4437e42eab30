"""The wire of the launcher: what a paired television asks and reports."""

from typing import Annotated

from pydantic import Field

from api.catalogue.profile_schemas import LauncherProfileOut, Pin
from api.catalogue.schemas import (
    DeepLinkOut,
    EpisodeId,
    Link,
    Platform,
    ProfileId,
    Service,
    TitleFacts,
    TitleId,
)
from api.conversations.text import Reason
from api.wire import Timestamp, Wire


class UnlockProfile(Wire):
    """A child's profile and its PIN."""

    profile_id: ProfileId
    pin: Annotated[Pin, Field(repr=False)]


class UnlockedOut(Wire):
    """A profile that is open on this television."""

    profile: LauncherProfileOut
    unlocked_until: Timestamp


class ApprovedContentQuery(Wire):
    """Whose titles."""

    profile_id: Annotated[
        ProfileId | None, Field(description="Left out: those of every profile.", examples=[None])
    ] = None


class ApprovedTitleOut(TitleFacts):
    """A title that a child may watch; of a series, the seasons that they may."""

    deep_link: Annotated[
        DeepLinkOut | None, Field(description="For this platform; null: none is known.")
    ]


class ApprovedShelfOut(Wire):
    """What one child may watch; empty while the profile is locked."""

    profile: LauncherProfileOut
    locked: Annotated[bool, Field(examples=[False])]
    items: list[ApprovedTitleOut]


class ApprovedContentOut(Wire):
    """What may be watched on this television: of one profile, or of each."""

    profiles: Annotated[
        list[ApprovedShelfOut] | None,
        Field(description="Each profile's; null: one was asked for."),
    ]
    items: Annotated[
        list[ApprovedTitleOut] | None,
        Field(description="The asked profile's; null: none was asked for.", examples=[None]),
    ]


class ReportDeepLink(Wire):
    """An address that opened a title on this television."""

    title_id: TitleId
    episode: Annotated[
        EpisodeId | None, Field(description="Left out: the title itself.", examples=[None])
    ] = None
    service: Service
    platform: Platform
    url: Link


class RequestTitle(Wire):
    """What a child would like to watch."""

    profile_id: ProfileId
    title_id: TitleId


class ReportActivity(Wire):
    """What a child is watching."""

    profile_id: ProfileId
    title_id: TitleId
    episode_id: Annotated[EpisodeId | None, Field(examples=[None])] = None
    minutes: Annotated[
        int,
        Field(
            ge=0,
            le=1440,
            description="Watched since the report before; 0: it has just been launched.",
            examples=[5],
        ),
    ] = 0


class ReportContent(Wire):
    """What is wrong with a title."""

    title_id: TitleId
    reason: Annotated[Reason, Field(examples=["There are spiders in the second half."])]
