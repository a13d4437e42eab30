"""`/ws/chat`: all of the caller's conversations over one socket."""

from api.access import MEMBERS
from api.calls.frames import CallDeclined, CallEnd, CallMissed, CallRing
from api.conversations.frames import (
    ConversationNew,
    ConversationRemoved,
    ConversationUpdated,
    DeleteMessageCommand,
    EditMessageCommand,
    History,
    HistoryCommand,
    InboxNew,
    MarkReadCommand,
    MessageAck,
    MessageDeleted,
    MessageEdited,
    MessageNew,
    NewMessageCommand,
    PresenceUpdate,
    ReactionUpdate,
    ReadUpdate,
    ResumeCommand,
    Resumed,
    Resync,
    SetPresenceCommand,
    SetReactionCommand,
    Void,
)
from api.streams.frames import StreamEnded, StreamLive
from api.ws.declare import Socket

socket = Socket(
    "/ws/chat",
    "All of the caller's conversations over one socket.",
    tag="Conversations",
    roles=MEMBERS,
)

socket.planned(
    "message:new",
    "Send a message; the same `client_id` again gets the first one's ack.",
    body=NewMessageCommand,
    answers=MessageAck,
    limit="messages",
)
socket.planned(
    "message:edit",
    "Edit one's own message.",
    body=EditMessageCommand,
    answers=MessageEdited,
    limit="messages",
)
socket.planned(
    "message:delete",
    "Delete one's own message, or any as moderator.",
    body=DeleteMessageCommand,
    answers=MessageDeleted,
)
socket.planned(
    "reaction:set",
    "React to a message, or take it back.",
    body=SetReactionCommand,
    answers=ReactionUpdate,
    limit="messages",
)
socket.planned(
    "message:ack",
    "Say how far one has read.",
    body=MarkReadCommand,
    answers=None,
)
socket.planned(
    "presence:update",
    "Say that one types, is here, or is away.",
    body=SetPresenceCommand,
    answers=None,
)
socket.planned(
    "resume",
    "Have what was missed replayed; too much of it is answered with `resync`.",
    body=ResumeCommand,
    answers=Resumed,
)
socket.planned(
    "history",
    "Ask for a page of messages.",
    body=HistoryCommand,
    answers=History,
)

socket.sends(
    MessageNew,
    ConversationNew,
    ConversationUpdated,
    ConversationRemoved,
    ReadUpdate,
    PresenceUpdate,
    Void,
    Resync,
    InboxNew,
    CallRing,
    CallDeclined,
    CallMissed,
    CallEnd,
    StreamLive,
    StreamEnded,
)
