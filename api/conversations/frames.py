"""The frames of `/ws/chat`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.accounts.schemas import UserId
from api.conversations.emoji import Emoji
from api.conversations.ids import ConversationId, MessageId, Seq
from api.conversations.schemas import (
    AnnouncedConversation,
    AnnouncedMessage,
    ClientId,
    SentType,
    UploadId,
)
from api.conversations.text import MessageText
from api.wire import Timestamp
from api.ws.declare import Command, Event


class NewMessageCommand(Command):
    """Sends a message."""

    conversation_id: ConversationId
    message_type: Annotated[
        SentType, Field(description="The message's own type: `type` names the frame.")
    ] = "text"
    content: Annotated[MessageText | None, Field(examples=["Dinner at seven?"])] = None
    upload_id: Annotated[UploadId | None, Field(examples=[None])] = None
    reply_to: Annotated[MessageId | None, Field(examples=[None])] = None
    client_id: Annotated[
        ClientId | None, Field(examples=["4be1b7d0-6f0c-4a51-9d0c-3c1f1f6f0b11"])
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.message_type == "text" and (self.content is None or self.upload_id is not None):
            raise ValueError("is of type text: give it content, and no upload_id")
        if self.message_type != "text" and self.upload_id is None:
            raise ValueError("has no picture or sound: give it an upload_id")
        return self


class EditMessageCommand(Command):
    """Edits one's own message."""

    conversation_id: ConversationId
    message_id: MessageId
    content: MessageText


class DeleteMessageCommand(Command):
    """Deletes a message."""

    conversation_id: ConversationId
    message_id: MessageId


class SetReactionCommand(Command):
    """Reacts to a message, or takes a reaction back."""

    conversation_id: ConversationId
    message_id: MessageId
    emoji: Emoji
    value: Annotated[bool, Field(description="false: take it back.")] = True


class MarkReadCommand(Command):
    """Moves the caller's read marker to a place or a message."""

    conversation_id: ConversationId
    seq: Annotated[Seq | None, Field(examples=[412])] = None
    message_id: Annotated[MessageId | None, Field(examples=[None])] = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.seq is None) == (self.message_id is None):
            raise ValueError("names no one place: give seq or message_id")
        return self


class SetPresenceCommand(Command):
    """Tells what the caller is doing."""

    conversation_id: Annotated[
        ConversationId | None,
        Field(
            description="Where one types; with another state it may be left out.",
            examples=["c_01jn8xv3k0e5qr7s9tbcdfghj2"],
        ),
    ] = None
    state: Annotated[Literal["typing", "idle", "away"], Field(examples=["typing"])]

    @model_validator(mode="after")
    def _typing_somewhere(self) -> Self:
        if self.state == "typing" and self.conversation_id is None:
            raise ValueError("says that one types, and not where: give conversation_id")
        return self


class ResumeCommand(Command):
    """Asks for what was missed since a place in the log."""

    conversation_id: ConversationId
    since: Seq


class HistoryCommand(Command):
    """Asks for a page of messages."""

    conversation_id: ConversationId
    before_id: Annotated[
        MessageId | None, Field(description="Left out: the newest.", examples=[None])
    ] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Logged(Event):
    """An event with a place in a conversation's log."""

    conversation_id: ConversationId
    seq: Seq


class MessageNew(Logged, type="message:new"):
    """Somebody sent a message."""

    message: AnnouncedMessage


class MessageEdited(Logged, type="message:edited"):
    """A message reads differently now."""

    message: AnnouncedMessage


class MessageAck(Event, type="message:ack"):
    """To the sender: the message is kept."""

    client_id: ClientId | None
    message_id: MessageId
    seq: Seq


class MessageDeleted(Logged, type="message:deleted"):
    """A message lost its content and keeps its place."""

    message_id: MessageId
    deleted_at: Timestamp


class ReactionUpdate(Logged, type="reaction:update"):
    """Somebody reacted, or took it back."""

    message_id: MessageId
    emoji: Emoji
    user_id: UserId
    value: Annotated[bool, Field(description="false: taken back.", examples=[True])]
    count: Annotated[int, Field(description="What holds when it is sent.", examples=[2])]


class ConversationNew(Logged, type="conversation:new"):
    """One is in a conversation that one was not in before."""

    conversation: AnnouncedConversation


class ConversationUpdated(Logged, type="conversation:updated"):
    """Members, title or settings of a conversation are others now."""

    conversation: AnnouncedConversation


class ConversationRemoved(Event, type="conversation:removed"):
    """One is no longer in this conversation."""

    conversation_id: ConversationId


class ReadUpdate(Event, type="read:update"):
    """Somebody has read up to here. State, not history: it is never replayed."""

    conversation_id: ConversationId
    user_id: UserId
    read_seq: Seq


class History(Event, type="history"):
    """A page of messages, oldest first."""

    conversation_id: ConversationId
    messages: list[AnnouncedMessage]


class PresenceUpdate(Event, type="presence:update"):
    """What somebody with whom one shares a conversation is doing."""

    user_id: UserId
    conversation_id: Annotated[
        ConversationId | None, Field(description="Where they type; null: it is no typing.")
    ]
    state: Annotated[Literal["online", "offline", "typing", "away"], Field(examples=["typing"])]


class InboxNew(Event, type="inbox:new"):
    """Something new waits in the guardian's inbox; `GET /family/inbox` tells what."""


class Void(Logged, type="void"):
    """Something that this viewer may not see: step over it, so that no number is missing."""


class Resumed(Logged, type="resumed"):
    """All that was missed has been sent; `seq` is where the log stands."""


class Resync(Logged, type="resync"):
    """Too much was missed to replay: read the conversation anew."""
