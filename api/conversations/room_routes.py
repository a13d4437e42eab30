"""Rooms over HTTP."""

from api.access import MEMBERS
from api.conversations.room_schemas import (
    ChangeRoom,
    CreateRoom,
    Moderate,
    MuteMember,
    RoomMemberOut,
    RoomMessagesQuery,
    RoomOut,
    RoomPresenceOut,
    RoomsQuery,
)
from api.conversations.schemas import EditMessage, MessageOut
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Rooms")

endpoint.planned(
    "GET",
    "/rooms/",
    "The rooms that the caller may know of.",
    roles=MEMBERS,
    query=RoomsQuery,
    returns=Page[RoomOut],
)
endpoint.planned(
    "POST",
    "/rooms/",
    "Open a room; the caller is its moderator.",
    roles=MEMBERS,
    body=CreateRoom,
    returns=RoomOut,
    status=201,
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "GET",
    "/rooms/by-name/{room_name}",
    "The room of that name.",
    roles=MEMBERS,
    returns=RoomOut,
)
endpoint.planned(
    "GET",
    "/rooms/{room_id}",
    "One room.",
    roles=MEMBERS,
    returns=RoomOut,
)
endpoint.planned(
    "PATCH",
    "/rooms/{room_id}",
    "Change a room, as its moderator.",
    roles=MEMBERS,
    body=ChangeRoom,
    returns=RoomOut,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
endpoint.planned(
    "DELETE",
    "/rooms/{room_id}",
    "Close a room for good, as its moderator.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "GET",
    "/rooms/{room_id}/members",
    "Who is in a room, and how they stand in it.",
    roles=MEMBERS,
    query=PageQuery,
    returns=Page[RoomMemberOut],
)
endpoint.planned(
    "POST",
    "/rooms/{room_id}/join",
    "Become a member of a public room.",
    roles=MEMBERS,
    returns=RoomOut,
    refuses=(Code.BANNED, Code.NOT_APPROVED_CONTACT),
)
endpoint.planned(
    "DELETE",
    "/rooms/{room_id}/leave",
    "Leave a room.",
    roles=MEMBERS,
    returns=None,
    status=204,
)
endpoint.planned(
    "GET",
    "/rooms/{room_id}/messages",
    "A page of a room's history, oldest first within the page.",
    roles=MEMBERS,
    query=RoomMessagesQuery,
    returns=Page[MessageOut],
)
endpoint.planned(
    "PATCH",
    "/rooms/{room_id}/messages/{message_id}",
    "Edit a message, as its author or as moderator.",
    roles=MEMBERS,
    body=EditMessage,
    returns=MessageOut,
    limit="messages",
    refuses=(Code.FORBIDDEN, Code.MUTED, Code.BANNED, Code.QUIET_HOURS),
)
endpoint.planned(
    "DELETE",
    "/rooms/{room_id}/messages/{message_id}",
    "Delete a message, as its author or as moderator.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "GET",
    "/rooms/{room_id}/presence",
    "Who is in a room now.",
    roles=MEMBERS,
    returns=RoomPresenceOut,
)
endpoint.planned(
    "POST",
    "/rooms/{room_id}/members/{user_id}/moderator",
    "Make a member moderator, or no longer.",
    roles=MEMBERS,
    body=Moderate,
    returns=RoomMemberOut,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/rooms/{room_id}/members/{user_id}/ban",
    "Ban a member, or let them in again.",
    roles=MEMBERS,
    body=Moderate,
    returns=RoomMemberOut,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/rooms/{room_id}/members/{user_id}/mute",
    "Mute a member, or let them speak again.",
    roles=MEMBERS,
    body=MuteMember,
    returns=RoomMemberOut,
    refuses=(Code.FORBIDDEN,),
)
