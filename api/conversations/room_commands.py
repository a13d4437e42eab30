"""`/ws`: the room socket, for clients that know rooms by name and no ids."""

from api.access import MEMBERS
from api.conversations.room_frames import (
    Chat,
    ChatCommand,
    ChatDeleted,
    ChatEdited,
    HistoryMoreCommand,
    JoinCommand,
    Joined,
    LeaveCommand,
    PresenceDiff,
    PresenceState,
    RoomHistory,
    RoomHistoryMore,
    SystemLine,
    Typing,
    TypingCommand,
)
from api.ws.declare import Socket

socket = Socket(
    "/ws",
    "Rooms by name, in flat frames.",
    tag="Rooms",
    roles=MEMBERS,
    outlives_token=True,
)

socket.planned(
    "join",
    "Open the view of a room; presence and history follow.",
    body=JoinCommand,
    answers=Joined,
)
socket.planned(
    "leave",
    "Close the view of a room.",
    body=LeaveCommand,
    answers=None,
)
socket.planned(
    "chat",
    "Say something in a room.",
    body=ChatCommand,
    answers=Chat,
    limit="messages",
)
socket.planned(
    "history_more",
    "Ask for older messages.",
    body=HistoryMoreCommand,
    answers=RoomHistoryMore,
)
socket.planned(
    "typing",
    "Say that one is typing, or no longer.",
    body=TypingCommand,
    answers=Typing,
)

socket.sends(SystemLine, PresenceState, PresenceDiff, RoomHistory, ChatEdited, ChatDeleted)
