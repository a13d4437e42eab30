"""The wire of conversations, their members and their messages."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.accounts.schemas import AnyUserOut, SenderOut, UserId, UserOut
from api.conversations.emoji import Emoji
from api.conversations.ids import ConversationId, MessageId, Seq
from api.conversations.text import MessageText, Title
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field

ConversationKind = Literal["direct", "group", "room", "watch"]
MemberRole = Literal["MEMBER", "MODERATOR", "HOST"]
MessageType = Literal["text", "image", "audio", "system"]
# What people send; `system` is the server's own.
SentType = Literal["text", "image", "audio"]

_TEN_YEARS = 315_360_000
UploadId = Annotated[str, id_field("up")]
ClientId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        description="Made by the client, unique for its sender for ever: sent again, it is answered"
        " with the first message.",
        examples=["4be1b7d0-6f0c-4a51-9d0c-3c1f1f6f0b11"],
    ),
]


class MediaOut(Wire):
    """What hangs on a message; what does not apply to its kind is null."""

    mime: Annotated[str, Field(examples=["audio/ogg"])]
    bytes: Annotated[int, Field(examples=[48_213])]
    duration: Annotated[float | None, Field(description="In seconds.", examples=[6.4])]
    waveform: Annotated[
        list[float] | None,
        Field(
            description="The loudness at 64 points of a voice message, 0 to 1.",
            max_length=64,
            examples=[[0.1, 0.6, 0.9, 0.4] * 16],
        ),
    ]
    width: Annotated[int | None, Field(examples=[None])]
    height: Annotated[int | None, Field(examples=[None])]


class ReactionCount(Wire):
    """How many people reacted with one emoji."""

    emoji: Emoji
    count: Annotated[int, Field(examples=[2])]


class ReactionOut(ReactionCount):
    """The same, and whether the viewer is one of them."""

    mine: Annotated[bool, Field(examples=[True])]


class CallNote(Wire):
    """How a call in this conversation came out."""

    kind: Annotated[
        Literal["call_ended", "call_missed", "call_declined", "call_cancelled"],
        Field(examples=["call_ended"]),
    ]
    call_id: Annotated[str, id_field("call")]
    duration: Annotated[
        int | None,
        Field(description="In seconds; null: nobody answered.", examples=[754]),
    ]
    reason: Annotated[
        str | None,
        Field(description="`busy`: missed, because they were in another call.", examples=[None]),
    ]


class MemberNote(Wire):
    """Who came and who went; the message's sender is who did it."""

    kind: Annotated[
        Literal["member_added", "member_left", "member_removed"], Field(examples=["member_added"])
    ]
    user_id: UserId


class TitleNote(Wire):
    """The conversation has another title; the message's sender gave it."""

    kind: Annotated[Literal["title_changed"], Field(examples=["title_changed"])]
    title: Annotated[str | None, Field(examples=["Summer in Denmark"])]


SystemNote = Annotated[CallNote | MemberNote | TitleNote, Field(discriminator="kind")]


class Message(Wire):
    """What a message is for everybody who may read it."""

    id: Annotated[MessageId, SERVER_MADE]
    conversation_id: Annotated[ConversationId, SERVER_MADE]
    seq: Annotated[Seq, SERVER_MADE]
    sender_id: Annotated[
        UserId | None, SERVER_MADE, Field(description="null: the account is gone.")
    ]
    sender: Annotated[SenderOut | None, SERVER_MADE]
    type: Annotated[MessageType, SERVER_MADE, Field(examples=["text"])]
    content: Annotated[
        str | None,
        Field(
            description="null: deleted, or the message is none of words.",
            examples=["Dinner at seven?"],
        ),
    ]
    system: Annotated[
        SystemNote | None,
        SERVER_MADE,
        Field(
            description="What a `system` message tells; clients make the words.", examples=[None]
        ),
    ]
    media_url: Annotated[str | None, SERVER_MADE, Field(examples=[None])]
    media: Annotated[MediaOut | None, SERVER_MADE, Field(examples=[None])]
    reply_to: Annotated[
        MessageId | None,
        SERVER_MADE,
        Field(description="The message that this one answers.", examples=[None]),
    ]
    created_at: Annotated[Timestamp, SERVER_MADE]
    edited_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    edited_by: Annotated[
        UserId | None,
        SERVER_MADE,
        Field(description="Who edited it last; in rooms a moderator can.", examples=[None]),
    ]
    deleted_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    client_id: Annotated[ClientId | None, SERVER_MADE]


class MessageOut(Message):
    """A message as one viewer sees it."""

    reactions: Annotated[list[ReactionOut], SERVER_MADE]


class AnnouncedMessage(Message):
    """A message in an event that goes to all: whose reactions are `mine`, each client knows."""

    reactions: Annotated[list[ReactionCount], SERVER_MADE]


class Member(Wire):
    """How somebody stands in a conversation, and how far they have read."""

    role_in_convo: Annotated[MemberRole, Field(examples=["MEMBER"])]
    role: Annotated[
        MemberRole, Field(description="The same as `role_in_convo`.", examples=["MEMBER"])
    ]
    read_seq: Seq


class MemberOut(Member):
    """Somebody in a conversation, as far as the viewer may see them."""

    user: AnyUserOut


class AnnouncedMember(Member):
    """Somebody in a conversation, in an event that goes to all."""

    user: UserOut


class Conversation(Wire):
    """What a conversation is for everybody in it."""

    id: Annotated[ConversationId, SERVER_MADE]
    kind: Annotated[ConversationKind, SERVER_MADE, Field(examples=["group"])]
    is_group: Annotated[bool, SERVER_MADE, Field(examples=[True])]
    title: Annotated[
        str | None,
        Field(description="null: it goes by its members' names.", examples=["Summer in Denmark"]),
    ]
    created_by: Annotated[UserId | None, SERVER_MADE]
    created_at: Annotated[Timestamp, SERVER_MADE]
    seq: Annotated[Seq, SERVER_MADE]
    expire_after: Annotated[
        int | None,
        Field(
            description="Messages older than so many seconds can't be read; null: all are kept.",
            examples=[None],
        ),
    ]


class ConversationOut(Conversation):
    """A conversation as one member sees it."""

    members: Annotated[list[MemberOut], SERVER_MADE]
    last_message: Annotated[MessageOut | None, SERVER_MADE]
    unread: Annotated[
        int,
        SERVER_MADE,
        Field(description="Other people's messages after one's own read marker.", examples=[3]),
    ]


class AnnouncedConversation(Conversation):
    """A conversation in an event that goes to all: `unread` each client keeps for itself."""

    members: Annotated[list[AnnouncedMember], SERVER_MADE]
    last_message: Annotated[AnnouncedMessage | None, SERVER_MADE]


class StartConversation(Wire):
    """Whom to talk with; the caller is a member whether named or not."""

    member_ids: Annotated[
        list[UserId],
        Field(
            min_length=1,
            max_length=100,
            description="Who is named twice counts once; a group has 2 to 50 people.",
        ),
    ]
    title: Annotated[Title | None, Field(examples=["Summer in Denmark"])] = None
    is_group: Annotated[
        bool | None,
        Field(description="Left out: a group when there are more than two.", examples=[True]),
    ] = None


class ChangeConversation(Wire):
    """What to change; what is left out stays."""

    title: Annotated[
        Title | None, Field(description="null: no title.", examples=["Summer in Denmark"])
    ] = None
    expire_after: Annotated[
        int | None,
        Field(
            ge=1,
            le=_TEN_YEARS,
            description="Seconds after which messages can't be read; null: never.",
            examples=[604_800],
        ),
    ] = None


class AddMember(Wire):
    """Whom to let in."""

    user_id: UserId


class MessagesQuery(PageQuery):
    """Which part of the history; with no cursor of any kind, the newest page."""

    positions = PageQuery.positions | {"before_id", "after_id", "around_id"}

    before_id: Annotated[
        MessageId | None, Field(description="Messages before this one.", examples=[None])
    ] = None
    after_id: Annotated[
        MessageId | None, Field(description="Messages after this one.", examples=[None])
    ] = None
    around_id: Annotated[
        MessageId | None,
        Field(description="This message and those on both sides of it.", examples=[None]),
    ] = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        places = [self.cursor, self.before_id, self.after_id, self.around_id]
        if sum(place is not None for place in places) > 1:
            raise ValueError("names more than one place: give one of the cursors and the ids")
        return self


class SendMessage(Wire):
    """A message to send: words, or one's own upload, or both."""

    type: Annotated[SentType, Field(examples=["text"])]
    content: Annotated[MessageText | None, Field(examples=["Dinner at seven?"])] = None
    media_url: Annotated[
        str | None,
        Field(max_length=2048, description="The URL of one's own upload.", examples=[None]),
    ] = None
    upload_id: Annotated[UploadId | None, Field(examples=[None])] = None
    reply_to: Annotated[MessageId | None, Field(examples=[None])] = None
    client_id: Annotated[
        ClientId | None, Field(examples=["4be1b7d0-6f0c-4a51-9d0c-3c1f1f6f0b11"])
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        attached = [name for name in (self.media_url, self.upload_id) if name is not None]
        if len(attached) > 1:
            raise ValueError("names its upload twice: give media_url or upload_id")
        if self.type == "text" and (self.content is None or attached):
            raise ValueError("is of type text: give it content, and no upload")
        if self.type != "text" and not attached:
            raise ValueError("has no picture or sound: give it a media_url or an upload_id")
        return self


class SendFile(Wire):
    """The same as a form, with the voice message or picture itself."""

    type: Annotated[Literal["image", "audio"], Field(examples=["audio"])]
    file: Annotated[
        str,
        Field(
            json_schema_extra={"format": "binary"},
            description="Sound: Ogg/Opus, WebM/Opus, M4A, MP3 or WAV up to 10 MiB and 5 minutes."
            " Pictures: JPEG, PNG, WebP or GIF up to 10 MiB.",
            examples=["(the file's bytes)"],
        ),
    ]
    content: Annotated[MessageText | None, Field(examples=[None])] = None
    reply_to: Annotated[MessageId | None, Field(examples=[None])] = None
    client_id: Annotated[
        ClientId | None, Field(examples=["4be1b7d0-6f0c-4a51-9d0c-3c1f1f6f0b11"])
    ] = None


class EditMessage(Wire):
    """What the message says from now on."""

    content: MessageText


class MarkRead(Wire):
    """How far the caller has read."""

    seq: Seq


class ReadMarkerOut(Wire):
    """The caller's read marker, and what is left unread behind it."""

    conversation_id: ConversationId
    read_seq: Seq
    unread: Annotated[int, Field(examples=[0])]


class SearchQuery(PageQuery):
    """What to look for, and where."""

    q: Annotated[str, Field(min_length=1, max_length=200, examples=["ferry tickets"])]
    conversation_id: Annotated[
        ConversationId | None, Field(description="Left out: everywhere.", examples=[None])
    ] = None
