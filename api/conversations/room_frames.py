"""The frames of `/ws`, the room socket: flat, with names instead of ids."""

from typing import Annotated

from pydantic import Field

from api.conversations.ids import MessageId, Seq
from api.conversations.text import MessageText
from api.wire import Timestamp, Wire
from api.ws.declare import Command, Event

RoomNamed = Annotated[str, Field(max_length=80, description="Its name.", examples=["homework"])]
Username = Annotated[str, Field(description="A username.", examples=["lia"])]
Text = Annotated[
    str | None,
    Field(description="null: deleted, or none of words.", examples=["Who has the atlas?"]),
]


class JoinCommand(Command):
    """Opens the view of a room; joining a public one makes a member."""

    room: RoomNamed


class LeaveCommand(Command):
    """Closes the view of a room; the membership stays."""

    room: RoomNamed


class ChatCommand(Command):
    """Says something in a room."""

    room: RoomNamed
    message: MessageText


class HistoryMoreCommand(Command):
    """Asks for the messages before one."""

    room: RoomNamed
    before_id: Annotated[
        MessageId | Seq,
        Field(description="A message's id or its `seq`.", union_mode="left_to_right"),
    ]


class TypingCommand(Command):
    """Says that one is typing, or no longer."""

    room: RoomNamed
    isTyping: Annotated[bool, Field(examples=[True])]  # noqa: N815  # spelt so by older clients


class SystemLine(Event, type="system"):
    """The server speaks: the banner at connect, and what moderators did."""

    message: Annotated[str, Field(examples=["Welcome, lia."])]


class Joined(Event, type="joined"):
    """The view of the room is open."""

    room: RoomNamed


class PresenceState(Event, type="presence_state"):
    """Who is here, after a join."""

    room: RoomNamed
    users: Annotated[list[str], Field(description="Usernames.", examples=[["lia", "mara"]])]


class PresenceDiff(Event, type="presence_diff"):
    """Who came or who went; the frame carries the one or the other."""

    room: RoomNamed
    join: Annotated[
        list[str] | None,
        Field(exclude_if=lambda names: names is None, description="Usernames.", examples=[["ben"]]),
    ] = None
    leave: Annotated[
        list[str] | None,
        Field(exclude_if=lambda names: names is None, description="Usernames.", examples=[None]),
    ] = None


class ChatLine(Wire):
    """A message as this socket shows it."""

    room: RoomNamed
    user: Username
    message: Text
    message_id: MessageId
    ts: Timestamp
    seq: Seq


class Chat(Event, ChatLine, type="chat"):
    """Somebody said something."""


class RoomHistory(Event, type="history"):
    """The last 50 messages at a join, oldest first."""

    room: RoomNamed
    messages: list[ChatLine]


class RoomHistoryMore(Event, type="history_more"):
    """The messages before the one that was named, oldest first."""

    room: RoomNamed
    messages: list[ChatLine]
    more: Annotated[bool, Field(description="There are older ones.", examples=[False])]


class Typing(Event, type="typing"):
    """Somebody is typing, or no longer; the sender hears it too."""

    room: RoomNamed
    user: Username
    isTyping: Annotated[bool, Field(examples=[True])]  # noqa: N815  # spelt so by older clients


class ChatEdited(Event, ChatLine, type="message_edited"):
    """A message reads differently now."""

    edited_at: Timestamp


class ChatDeleted(Event, type="message_deleted"):
    """A message is gone."""

    room: RoomNamed
    message_id: MessageId
    seq: Seq
