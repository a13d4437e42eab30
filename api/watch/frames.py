"""The frames of `/ws/room/{code}`; their types are upper-case."""

from typing import Annotated

from pydantic import Field

from api.accounts.schemas import UserId
from api.conversations.ids import MessageId
from api.conversations.text import MessageText
from api.errors import Code
from api.watch.schemas import QueueItem, WatcherOut, WatchParticipantOut
from api.wire import Timestamp
from api.ws.declare import Command, Event

_A_WEEK = 604_800

Position = Annotated[
    float,
    Field(
        ge=0,
        le=_A_WEEK,
        allow_inf_nan=False,
        description="Seconds into the video.",
        examples=[12.4],
    ),
]
Version = Annotated[
    int,
    Field(ge=0, le=2**53 - 1, description="Rises by one with each accepted command.", examples=[7]),
]
# The client's own clock, in whatever unit it likes: it only comes back.
ClientTime = Annotated[float, Field(allow_inf_nan=False, examples=[1_772_366_400_123])]
ServerTime = Annotated[Timestamp, Field(description="The server's clock at sending.")]


class WatchChatCommand(Command):
    """Says something to all in the room."""

    message: Annotated[MessageText, Field(examples=["Popcorn is ready."])]


class PlaybackCommand(Command):
    """Moves the playback of all; a stale version is refused, none is taken as it comes."""

    time: Position
    version: Annotated[
        Version | None, Field(description="The version that was seen; left out: any.")
    ] = None


class PlayCommand(PlaybackCommand):
    """Plays from here."""


class PauseCommand(PlaybackCommand):
    """Pauses here."""


class SeekCommand(PlaybackCommand):
    """Goes there."""


class ReadyCommand(Command):
    """One's player has loaded and can go on."""


class BufferingCommand(Command):
    """One's player waits for data."""

    time: Position


class ClockCommand(Command):
    """Asks for the server's clock."""

    t: ClientTime


class StateCommand(Command):
    """Asks for the state of playback."""


class WatchState(Event, type="STATE"):
    """Where playback is: from it a client computes where it is at any later moment."""

    playing: Annotated[bool, Field(examples=[True])]
    time: Position
    rate: Annotated[float, Field(examples=[1.0])]
    server_time: Annotated[Timestamp, Field(description="When playback was at `time`.")]
    version: Version
    host_id: UserId
    participants: list[WatchParticipantOut]


class UserJoined(Event, type="USER_JOINED"):
    """Somebody came."""

    user: WatcherOut


class UserLeft(Event, type="USER_LEFT"):
    """Somebody went."""

    user: WatcherOut


class WatchChat(Event, type="CHAT_MESSAGE"):
    """Somebody said something."""

    user: WatcherOut
    message: Annotated[str, Field(examples=["Popcorn is ready."])]
    message_id: MessageId
    ts: Timestamp


class Playback(Event):
    """A playback command that holds for all, from `effective_at` on."""

    time: Position
    effective_at: Annotated[
        Timestamp, Field(description="When all do it: ahead enough for the slowest link.")
    ]
    server_time: ServerTime
    version: Version
    by: Annotated[UserId | None, Field(description="Whose command; null: the server's own.")]


class Play(Playback, type="PLAY"):
    """Playback goes on from `time`."""


class Pause(Playback, type="PAUSE"):
    """Playback stops at `time`."""


class Seek(Playback, type="SEEK"):
    """Playback goes to `time`."""


class WatchWaiting(Event, type="WAITING"):
    """Playback is held for these people, who are not ready."""

    users: list[WatcherOut]


class WatchResumed(Event, type="RESUMED"):
    """Playback goes on after waiting."""

    time: Position
    effective_at: Timestamp
    server_time: ServerTime
    version: Version


class HostChanged(Event, type="HOST_CHANGED"):
    """Somebody else is host now."""

    host_id: UserId


class WatchQueue(Event, type="QUEUE"):
    """What plays next, in its order, after each change."""

    items: list[QueueItem]


class EntryPending(Event, type="PENDING"):
    """To the host: this person waits. To who waits: that they do."""

    user: WatcherOut


class EntryApproved(Event, type="APPROVED"):
    """One may come in, and `STATE` follows."""


class ClockAnswer(Event, type="PONG"):
    """The server's clock, and what came with the question."""

    t: ClientTime
    server_time: ServerTime


class WatchError(Event, type="ERROR"):
    """A frame was refused; the socket stays open."""

    code: Annotated[Code, Field(examples=["CHAT_DISABLED"])]
    message: Annotated[str, Field(examples=["The host has turned the chat off."])]
