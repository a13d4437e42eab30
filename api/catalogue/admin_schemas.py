"""The wire of the catalogue's administration: tags, titles by hand, and jobs."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.catalogue.schemas import (
    Link,
    Platform,
    Rating,
    Runtime,
    Season,
    Service,
    TagKind,
    TagName,
    TagOut,
    TitleId,
    TitleKind,
)
from api.conversations.text import MessageText, Title
from api.wire import SERVER_MADE, Timestamp, Wire, id_field

JobId = Annotated[str, id_field("job")]
TagRule = Annotated[
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]],
    Field(
        max_length=200,
        description="Words and phrases: a wiki page that has one of them gives its title this tag.",
        examples=[["spider", "tarantula"]],
    ),
]


class TagRuleOut(TagOut):
    """A tag, and the rule by which wiki pages are read for it."""

    words: TagRule


class CreateTag(Wire):
    """A tag; one of that name is replaced, its rule with it."""

    name: TagName
    kind: Annotated[TagKind, Field(examples=["warning"])]
    words: TagRule = Field(default_factory=list)


class NewEpisode(Wire):
    """An episode of a series that is added by hand."""

    number: Annotated[int, Field(ge=0, le=10_000, examples=[1])]
    title: Annotated[Title, Field(examples=["The first snow"])]
    overview: Annotated[MessageText | None, Field(examples=[None])] = None
    runtime: Runtime | None = None


class NewSeason(Wire):
    """A season of a series that is added by hand."""

    number: Season
    episodes: Annotated[list[NewEpisode], Field(max_length=1000)] = Field(default_factory=list)


class NewDeepLink(Wire):
    """An address that opens the title in a service's own app."""

    service: Service
    platform: Platform
    url: Link


class CreateTitle(Wire):
    """A title that no provider knows, or none is configured to tell of."""

    type: Annotated[TitleKind, Field(examples=["movie"])]
    title: Annotated[Title, Field(examples=["The Snow Goose"])]
    tmdb_id: Annotated[int | None, Field(ge=1, le=2**31 - 1, examples=[None])] = None
    overview: Annotated[
        MessageText | None, Field(examples=["A goose finds her way south, by foot."])
    ] = None
    poster_url: Annotated[
        str | None, Field(max_length=2048, pattern=r"^(https://|/media/)\S+$", examples=[None])
    ] = None
    certification: Annotated[Rating | None, Field(examples=["PG"])] = None
    runtime: Annotated[Runtime | None, Field(examples=[5_280])] = None
    release_date: Annotated[date | None, Field(examples=["2024-11-22"])] = None
    seasons: Annotated[list[NewSeason], Field(max_length=200)] = Field(default_factory=list)
    tags: Annotated[
        list[TagName], Field(max_length=200, description="By name.", examples=[["animals"]])
    ] = Field(default_factory=list)
    services: Annotated[list[Service], Field(max_length=100, examples=[["netflix"]])] = Field(
        default_factory=list
    )
    deep_links: Annotated[list[NewDeepLink], Field(max_length=200)] = Field(default_factory=list)


class ScrapeFandom(Wire):
    """Which wiki to read, and for which title."""

    wiki: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
            description="The name before `.fandom.com`.",
            examples=["snow-goose"],
        ),
    ]
    title_id: TitleId


class Backfill(Wire):
    """Which title to complete."""

    title_id: Annotated[TitleId | None, Field(description="Left out: all.")] = None


class JobStartedOut(Wire):
    """A job that will be done; `GET /api/admin/jobs/{id}` tells how it goes."""

    job_id: JobId


class JobProgress(Wire):
    """How far a job has come."""

    done: Annotated[int, Field(examples=[40])]
    of: Annotated[int | None, Field(description="null: not known yet.", examples=[120])]


class JobOut(Wire):
    """A job, waiting, running or done."""

    job_id: Annotated[JobId, SERVER_MADE]
    name: Annotated[str, Field(examples=["backfill-episodes"])]
    state: Annotated[Literal["queued", "running", "done", "failed"], Field(examples=["running"])]
    progress: JobProgress
    outcome: Annotated[
        str | None,
        Field(description="What came of it, in words; null: not ended yet.", examples=[None]),
    ]
    started_at: Annotated[Timestamp | None, SERVER_MADE]
    ended_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
