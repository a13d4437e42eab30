"""The wire of live streams."""

from typing import Annotated, Literal

from pydantic import Field

from api.accounts.schemas import SenderOut, UserId
from api.conversations.ids import ConversationId
from api.conversations.text import Title
from api.wire import PageQuery, Timestamp, Wire, id_field

Audience = Literal["circle", "family", "conversation"]
StreamStatus = Literal["started", "ended"]
StreamId = Annotated[str, id_field("st")]
StreamTitle = Annotated[Title, Field(examples=["Lia's piano recital"])]


class StreamOut(Wire):
    """A stream, live or over."""

    id: StreamId
    stream_id: Annotated[StreamId, Field(description="The same as `id`.")]
    streamer_id: UserId
    streamer: SenderOut
    title: Annotated[str, Field(examples=["Lia's piano recital"])]
    audience: Annotated[Audience, Field(examples=["circle"])]
    conversation_id: Annotated[
        ConversationId | None,
        Field(description="Where it is shown, and its chat is; null: nowhere.", examples=[None]),
    ]
    status: Annotated[StreamStatus, Field(examples=["started"])]
    started_at: Timestamp
    ended_at: Annotated[Timestamp | None, Field(examples=[None])]
    viewers: Annotated[int, Field(description="How many watch now.", examples=[12])]
    poster_url: Annotated[
        str | None,
        Field(
            description="A picture from the live video, at most 15 s old; null: no video yet.",
            examples=["/media/9rT2mW4xqLb0c7"],
        ),
    ]
    recording_url: Annotated[str | None, Field(examples=[None])]


class StartedStreamOut(StreamOut):
    """One's own stream, and what a broadcasting program needs; the token is shown this once."""

    whip_url: Annotated[
        str, Field(examples=["https://hearth.example/whip/st_01jn8xv3k0e5qr7s9tbcdfghj2"])
    ]
    publish_token: Annotated[
        str, Field(repr=False, description="Opens WHIP for this stream and nothing else.")
    ]


class StartStream(Wire):
    """What will be shown, and to whom."""

    title: StreamTitle
    conversation_id: Annotated[ConversationId | None, Field(examples=[None])] = None
    audience: Annotated[
        Audience | None,
        Field(
            description="Left out: the conversation where one is named, else the circle.",
            examples=["circle"],
        ),
    ] = None
    record: Annotated[bool, Field(description="Keep it, playable soon after its end.")] = False


class StopStream(Wire):
    """Which stream shall end."""

    stream_id: Annotated[
        StreamId | None,
        Field(
            description="Left out: the caller's own.", examples=["st_01jn8xv3k0e5qr7s9tbcdfghj2"]
        ),
    ] = None


class StreamsQuery(PageQuery):
    """Which streams; newest first."""

    status: Annotated[StreamStatus | None, Field(description="Left out: all.")] = None
