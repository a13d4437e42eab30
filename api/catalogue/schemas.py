"""The wire of titles, the family's rules about them, and what children ask to watch."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.accounts.schemas import SenderOut
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field

TitleKind = Literal["movie", "tv"]
TagKind = Literal["warning", "theme"]
Decision = Literal["allow", "deny"]

TitleId = Annotated[str, id_field("t")]
EpisodeId = Annotated[str, id_field("e")]
ProfileId = Annotated[str, id_field("p")]
DeviceId = Annotated[str, id_field("d")]

Season = Annotated[
    int,
    Field(ge=0, le=1000, description="The number of a season; 0: the specials.", examples=[1]),
]
Service = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_.+-]{0,39}$",
        description="The short name of a streaming service.",
        examples=["netflix"],
    ),
]
Platform = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_.+-]{0,39}$",
        description="What a device runs on.",
        examples=["androidtv"],
    ),
]
Rating = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=16),
    Field(description="A certification of the family's country.", examples=["PG"]),
]
TagName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    Field(examples=["spiders"]),
]
Link = Annotated[
    str,
    Field(
        max_length=2048,
        pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20]+$",
        description="`https`, or a known app scheme of the service.",
        examples=["https://www.netflix.com/title/80057281"],
    ),
]
Runtime = Annotated[int, Field(ge=0, le=604_800, description="In seconds.", examples=[5_280])]
Minutes = Annotated[int, Field(ge=0, le=1440, examples=[90])]


class TagOut(Wire):
    """Something that is in a title: what to be warned of, or what it is about."""

    id: Annotated[str, SERVER_MADE, id_field("tag")]
    name: Annotated[str, Field(examples=["spiders"])]
    kind: Annotated[TagKind, Field(examples=["warning"])]
    source: Annotated[
        Literal["tmdb", "fandom", "admin"],
        Field(description="Who says so.", examples=["fandom"]),
    ]
    confidence: Annotated[float, Field(description="How sure, 0 to 1.", examples=[0.8])]


class DeepLinkOut(Wire):
    """An address that opens a title in a service's own app."""

    service: Service
    platform: Platform
    url: Link


class EpisodeOut(Wire):
    """One episode of a season."""

    id: Annotated[EpisodeId, SERVER_MADE]
    number: Annotated[int, Field(examples=[1])]
    title: Annotated[str, Field(examples=["The first snow"])]
    overview: Annotated[str | None, Field(examples=["A goose falls behind her flock."])]
    runtime: Annotated[int | None, Field(description="In seconds.", examples=[1_440])]


class SeasonOut(Wire):
    """One season of a series."""

    number: Season
    episodes: list[EpisodeOut]


class TitleFacts(Wire):
    """What a title is, whoever asks."""

    id: Annotated[TitleId, SERVER_MADE]
    type: Annotated[TitleKind, Field(examples=["movie"])]
    title: Annotated[str, Field(examples=["The Snow Goose"])]
    overview: Annotated[str | None, Field(examples=["A goose finds her way south, by foot."])]
    poster_url: Annotated[str | None, Field(examples=["/media/9rT2mW4xqLb0c7"])]
    certification: Annotated[
        str | None, Field(description="For the family's country.", examples=["PG"])
    ]
    runtime: Annotated[int | None, Field(description="In seconds.", examples=[5_280])]
    release_date: Annotated[date | None, Field(examples=["2024-11-22"])]
    seasons: Annotated[
        list[SeasonOut] | None, Field(description="null: it is a film.", examples=[None])
    ]


class TitleOut(TitleFacts):
    """A film or a series, and where to watch it."""

    tmdb_id: Annotated[int | None, Field(description="null: added by hand.", examples=[748_783])]
    tags: list[TagOut]
    services: list[Service]
    deep_links: list[DeepLinkOut]


class TitlePolicyOut(Wire):
    """What a family decided on a title, for one child."""

    profile_id: ProfileId
    decision: Annotated[Decision, Field(examples=["allow"])]
    season: Annotated[Season | None, Field(description="null: the whole title.", examples=[None])]


class FamilyTitleOut(TitleOut):
    """A title as a parent sees it, with the family's own policies."""

    policies: list[TitlePolicyOut]


class PolicyOut(TitlePolicyOut):
    """A policy, and the title that it is about."""

    title_id: TitleId


class SearchTitlesQuery(PageQuery):
    """What to look for."""

    query: Annotated[str, Field(min_length=1, max_length=200, examples=["snow goose"])]
    type: Annotated[TitleKind | None, Field(description="Left out: both.")] = None
    page: Annotated[
        int, Field(ge=1, le=500, description="Which page; a `cursor` goes before it.")
    ] = 1
    all: Annotated[bool, Field(description="Also what none of the family's services has.")] = False


class PoliciesQuery(PageQuery):
    """Whose policies."""

    profile_id: Annotated[
        ProfileId | None, Field(description="Left out: all of the caller's children.")
    ] = None


class SetPolicy(Wire):
    """A decision on a title or one of its seasons; deny wins over allow."""

    profile_id: Annotated[
        Literal["all"] | ProfileId,
        Field(
            description="A child's profile, or `all` of them.",
            examples=["p_01jn8xv3k0e5qr7s9tbcdfghj2"],
        ),
    ]
    title_id: TitleId
    decision: Annotated[
        Literal["allow", "deny", "clear"],
        Field(description="`clear`: no policy, which means not approved.", examples=["allow"]),
    ]
    season: Annotated[
        Season | None, Field(description="Left out: the whole title.", examples=[None])
    ] = None


class SetRules(Wire):
    """A child's standing rules; what is left out stays."""

    profile_id: ProfileId
    max_rating: Annotated[Rating | None, Field(description="null: any.", examples=["PG"])] = None
    deny_tags: Annotated[list[TagName] | None, Field(max_length=200, examples=[["spiders"]])] = None
    allow_tags: Annotated[list[TagName] | None, Field(max_length=200, examples=[["animals"]])] = (
        None
    )


class RulesOut(Wire):
    """A child's standing rules; a policy on a title wins over them."""

    profile_id: ProfileId
    max_rating: Annotated[str | None, Field(examples=["PG"])]
    deny_tags: Annotated[list[str], Field(examples=[["spiders"]])]
    allow_tags: Annotated[list[str], Field(examples=[["animals"]])]


class TitleSubject(Wire):
    """Which title a child asks for."""

    title_id: TitleId
    type: Annotated[TitleKind, Field(examples=["movie"])]
    title: Annotated[str, Field(examples=["The Snow Goose"])]
    poster_url: Annotated[str | None, Field(examples=["/media/9rT2mW4xqLb0c7"])]


class TitleRequestOut(Wire):
    """What a child asked to watch, and what came of it."""

    id: Annotated[str, SERVER_MADE, id_field("ask")]
    kind: Annotated[Literal["title"], Field(examples=["title"])]
    state: Annotated[
        Literal["open", "approved", "denied", "expired"], SERVER_MADE, Field(examples=["open"])
    ]
    child: Annotated[
        SenderOut,
        Field(
            examples=[
                {
                    "id": "u_01jn8xv3k0fhmr2d4w6y8zabcd",
                    "username": "lia",
                    "display_name": "Lia",
                    "avatar_url": None,
                }
            ]
        ),
    ]
    subject: TitleSubject
    created_at: Annotated[Timestamp, SERVER_MADE]
    decided_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    decided_by: Annotated[SenderOut | None, SERVER_MADE, Field(examples=[None])]


class ActivityQuery(PageQuery):
    """Whose activity; newest first."""

    profile_id: Annotated[
        ProfileId | None, Field(description="Left out: all of the caller's children.")
    ] = None


class ActivityOut(Wire):
    """What was launched on a television, when, and for how long."""

    id: Annotated[str, SERVER_MADE, id_field("act")]
    profile_id: ProfileId
    title_id: TitleId
    episode_id: Annotated[EpisodeId | None, Field(description="null: a film.", examples=[None])]
    device_id: DeviceId
    started_at: Annotated[Timestamp, SERVER_MADE]
    minutes: Annotated[int, Field(examples=[42])]
