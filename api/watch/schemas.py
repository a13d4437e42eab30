"""The wire of watch rooms, those who are in them, and what plays next."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.accounts.schemas import UserId
from api.conversations.ids import ConversationId
from api.conversations.text import Title
from api.wire import SERVER_MADE, Timestamp, Wire, id_field

EntryMode = Literal["APPROVAL", "PASSWORD"]
VideoProvider = Literal["youtube", "vimeo", "file", "hearth", "catalogue"]
Controls = Literal["HOST", "EVERYONE"]
Entry = Literal["PENDING", "APPROVED", "BANNED"]

VideoId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2048,
        description="What the provider calls it; of a file, its URL; in the catalogue, the title's"
        " id.",
        examples=["aqz-KE-bpKQ"],
    ),
]
RoomTitle = Annotated[Title, Field(examples=["Film night"])]
# No 0 and O, no 1, I and L: it is read aloud and typed on televisions.
WatchCode = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="Eight characters without look-alikes.",
        examples=["K7MPX4WR"],
    ),
]


class WatcherOut(Wire):
    """Somebody in a watch room: a person of the circle, or a guest."""

    id: UserId
    display_name: Annotated[str, Field(examples=["Mara"])]
    is_guest: Annotated[bool, Field(examples=[False])]


class WatchRoomOut(Wire):
    """A watch room."""

    id: Annotated[ConversationId, SERVER_MADE]
    code: Annotated[WatchCode, SERVER_MADE]
    title: Annotated[str | None, Field(examples=["Film night"])]
    host: Annotated[WatcherOut, SERVER_MADE]
    is_private: Annotated[bool, SERVER_MADE, Field(examples=[True])]
    entry_mode: Annotated[
        EntryMode | None,
        SERVER_MADE,
        Field(description="How one comes in; null: the room is public.", examples=["PASSWORD"]),
    ]
    video_provider: Annotated[VideoProvider | None, Field(examples=["youtube"])]
    video_id: VideoId | None
    is_chat_enabled: Annotated[bool, Field(examples=[True])]
    is_active: Annotated[
        bool, SERVER_MADE, Field(description="false: it has closed.", examples=[True])
    ]
    controls: Annotated[
        Controls, Field(description="Who may play, pause and seek.", examples=["HOST"])
    ]
    created_at: Annotated[Timestamp, SERVER_MADE]


class CreatedWatchRoomOut(WatchRoomOut):
    """A watch room that was just made, with its password, which is shown this once."""

    room_password: Annotated[
        str | None,
        Field(repr=False, description="null: one needs none.", examples=["T9WKH3QD"]),
    ]


class CreateWatchRoom(Wire):
    """A watch room to open; the caller is its host."""

    title: Annotated[RoomTitle | None, Field(examples=["Film night"])] = None
    is_private: Annotated[bool, Field(examples=[True])] = False
    entry_mode: Annotated[
        EntryMode | None,
        Field(
            description="Of a private room; left out: by approval.",
            examples=["PASSWORD"],
        ),
    ] = None
    video_provider: Annotated[VideoProvider | None, Field(examples=["youtube"])] = None
    video_id: Annotated[VideoId | None, Field(examples=["aqz-KE-bpKQ"])] = None
    is_chat_enabled: bool = True


class ChangeWatchRoom(Wire):
    """What to change; what is left out stays."""

    title: Annotated[RoomTitle | None, Field(examples=["Film night"])] = None
    video_provider: Annotated[VideoProvider | None, Field(examples=["youtube"])] = None
    video_id: Annotated[VideoId | None, Field(examples=["aqz-KE-bpKQ"])] = None
    is_chat_enabled: Annotated[bool | None, Field(examples=[True])] = None
    controls: Annotated[Controls | None, Field(examples=["EVERYONE"])] = None


class JoinWatchRoom(Wire):
    """Which room, by its code or its id, and what opens it."""

    code: Annotated[WatchCode | None, Field(examples=["K7MPX4WR"])] = None
    room_code: Annotated[WatchCode | None, Field(description="The same as `code`.")] = None
    room_id: ConversationId | None = None
    password: Annotated[str | None, Field(max_length=128, repr=False, examples=["T9WKH3QD"])] = None

    @model_validator(mode="after")
    def _one_room(self) -> Self:
        if all(name is None for name in (self.code, self.room_code, self.room_id)):
            raise ValueError("names no room: give its code or its room_id")
        return self


class JoinedWatchRoomOut(Wire):
    """How one stands in the room."""

    status: Annotated[Literal["APPROVED", "PENDING"], Field(examples=["APPROVED"])]
    is_host: Annotated[bool, Field(examples=[False])]
    room: WatchRoomOut


class DecideEntry(Wire):
    """Whether somebody who waits may come in."""

    room_id: ConversationId
    user_id: UserId
    approve: Annotated[bool, Field(description="false: they may not.")] = True


class WatchParticipantOut(Wire):
    """Somebody's standing in a watch room; one for each room and user."""

    user: WatcherOut
    status: Annotated[Entry, Field(examples=["APPROVED"])]
    joined_at: Timestamp
    last_heartbeat: Annotated[Timestamp | None, Field(description="null: never connected.")]


class PassOnHost(Wire):
    """Who is host from now on."""

    user_id: UserId


class QueueItem(Wire):
    """Something that may play next, as everybody sees it."""

    id: Annotated[str, id_field("q")]
    video_provider: Annotated[VideoProvider, Field(examples=["catalogue"])]
    video_id: Annotated[VideoId, Field(examples=["t_01jn8xv3k0e5qr7s9tbcdfghj2"])]
    title: Annotated[str | None, Field(examples=["The Snow Goose"])]
    added_by: WatcherOut
    votes: Annotated[int, Field(examples=[2])]
    created_at: Timestamp


class QueueItemOut(QueueItem):
    """The same, and whether the viewer voted for it."""

    voted: Annotated[bool, Field(examples=[True])]


class AddToQueue(Wire):
    """What could play next."""

    video_provider: Annotated[VideoProvider, Field(examples=["catalogue"])]
    video_id: Annotated[VideoId, Field(examples=["t_01jn8xv3k0e5qr7s9tbcdfghj2"])]
    title: Annotated[Title | None, Field(examples=["The Snow Goose"])] = None


class VoteForItem(Wire):
    """Votes for it, or takes the vote back."""

    value: Annotated[bool, Field(description="false: take it back.")] = True
