"""The wire of rooms: conversations that have a name, and doors."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.accounts.schemas import AnyUserOut, UserId
from api.conversations.ids import ConversationId, MessageId
from api.conversations.text import Title
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire

RoomName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f/]*$"
    ),
    Field(
        description="Unique on this server; without slashes, for it stands in addresses.",
        examples=["homework"],
    ),
]


class RoomOut(Wire):
    """A room as the viewer finds it."""

    id: Annotated[ConversationId, SERVER_MADE]
    name: Annotated[str, Field(examples=["homework"])]
    title: Annotated[str | None, Field(examples=["Homework, all subjects"])]
    is_private: Annotated[bool, Field(examples=[False])]
    created_by: Annotated[UserId | None, SERVER_MADE]
    created_at: Annotated[Timestamp, SERVER_MADE]
    member_count: Annotated[int, SERVER_MADE, Field(examples=[4])]
    is_member: Annotated[bool, SERVER_MADE, Field(examples=[True])]
    is_moderator: Annotated[bool, SERVER_MADE, Field(examples=[False])]


class RoomMemberOut(Wire):
    """Somebody's standing in a room."""

    user: AnyUserOut
    is_moderator: Annotated[bool, Field(examples=[False])]
    is_muted: Annotated[bool, Field(examples=[False])]
    muted_until: Annotated[
        Timestamp | None,
        Field(description="null: not muted, or until somebody ends it.", examples=[None]),
    ]
    is_banned: Annotated[bool, Field(examples=[False])]
    joined_at: Timestamp


class RoomPresenceOut(Wire):
    """Who is here now."""

    room: Annotated[str, Field(description="Its name.", examples=["homework"])]
    users: Annotated[list[str], Field(description="Usernames.", examples=[["lia", "mara"]])]


class RoomsQuery(PageQuery):
    """Which part of the list."""

    positions = PageQuery.positions | {"offset"}

    offset: Annotated[
        int, Field(ge=0, le=1_000_000, description="How many rooms to step over.")
    ] = 0


class RoomMessagesQuery(PageQuery):
    """Which part of the history; with neither cursor nor id, the newest page."""

    positions = PageQuery.positions | {"before_id"}

    before_id: Annotated[
        MessageId | None, Field(description="Messages before this one.", examples=[None])
    ] = None


class CreateRoom(Wire):
    """A room to open; who opens it is its moderator."""

    name: RoomName
    title: Annotated[Title | None, Field(examples=["Homework, all subjects"])] = None
    is_private: Annotated[
        bool, Field(description="Nobody but its members knows of a private room.")
    ] = False


class ChangeRoom(Wire):
    """What to change; what is left out stays."""

    name: Annotated[RoomName | None, Field(examples=["homework"])] = None
    title: Annotated[
        Title | None, Field(description="null: no title.", examples=["Homework, all subjects"])
    ] = None
    is_private: Annotated[bool | None, Field(examples=[False])] = None


class Moderate(Wire):
    """Sets a member's standing; without a value it becomes the opposite of what it is."""

    value: Annotated[bool | None, Field(examples=[True])] = None


class MuteMember(Moderate):
    """The same, for a time."""

    until: Annotated[Timestamp | None, Field(description="Left out: until somebody ends it.")] = (
        None
    )
