"""`/ws/room/{code}`: a watch room, in which all see the same at the same moment."""

from api.access import EVERYONE
from api.watch.frames import (
    BufferingCommand,
    ClockAnswer,
    ClockCommand,
    EntryApproved,
    EntryPending,
    HostChanged,
    Pause,
    PauseCommand,
    Play,
    PlayCommand,
    ReadyCommand,
    Seek,
    SeekCommand,
    StateCommand,
    UserJoined,
    UserLeft,
    WatchChat,
    WatchChatCommand,
    WatchError,
    WatchQueue,
    WatchResumed,
    WatchState,
    WatchWaiting,
)
from api.ws.declare import Socket

socket = Socket(
    "/ws/room/{code}",
    "A watch room: playback in step, and its chat.",
    tag="Watch parties",
    roles=EVERYONE,
    outlives_token=True,
)

socket.planned(
    "CHAT_MESSAGE",
    "Say something to all in the room.",
    body=WatchChatCommand,
    answers=WatchChat,
    limit="messages",
)
socket.planned(
    "PLAY",
    "Play from a moment, as host or where everyone may.",
    body=PlayCommand,
    answers=Play,
)
socket.planned(
    "PAUSE",
    "Pause at a moment, as host or where everyone may.",
    body=PauseCommand,
    answers=Pause,
)
socket.planned(
    "SEEK",
    "Go to a moment, as host or where everyone may.",
    body=SeekCommand,
    answers=Seek,
)
socket.planned(
    "READY",
    "Say that one's player can go on.",
    body=ReadyCommand,
    answers=None,
)
socket.planned(
    "BUFFERING",
    "Say that one's player waits for data.",
    body=BufferingCommand,
    answers=None,
)
socket.planned(
    "PING",
    "Ask for the server's clock.",
    body=ClockCommand,
    answers=ClockAnswer,
)
socket.planned(
    "STATE",
    "Ask for the state of playback.",
    body=StateCommand,
    answers=WatchState,
)

socket.sends(
    UserJoined,
    UserLeft,
    WatchWaiting,
    WatchResumed,
    HostChanged,
    WatchQueue,
    EntryPending,
    EntryApproved,
    WatchError,
)
