"""Conversations, their messages, search and reports over HTTP."""

from api.access import MEMBERS
from api.conversations.report_schemas import ReportMessage, ReportOut
from api.conversations.schemas import (
    AddMember,
    ChangeConversation,
    ConversationOut,
    EditMessage,
    MarkRead,
    MessageOut,
    MessagesQuery,
    ReadMarkerOut,
    SearchQuery,
    SendMessage,
    StartConversation,
)
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Conversations")

endpoint.planned(
    "GET",
    "/conversations",
    "The caller's conversations, newest activity first.",
    roles=MEMBERS,
    query=PageQuery,
    returns=Page[ConversationOut],
)
endpoint.planned(
    "POST",
    "/conversations",
    "Start a conversation; the same two people always get the same one (200).",
    roles=MEMBERS,
    body=StartConversation,
    returns=ConversationOut,
    status=201,
    refuses=(Code.NOT_APPROVED_CONTACT, Code.QUIET_HOURS),
)
endpoint.planned(
    "GET",
    "/conversations/{id}",
    "One conversation.",
    roles=MEMBERS,
    returns=ConversationOut,
)
endpoint.planned(
    "PATCH",
    "/conversations/{id}",
    "Give a conversation another title, or its messages a time to live.",
    roles=MEMBERS,
    body=ChangeConversation,
    returns=ConversationOut,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/conversations/{id}/members",
    "Let somebody into a group or a private room, as its moderator.",
    roles=MEMBERS,
    body=AddMember,
    returns=ConversationOut,
    status=201,
    refuses=(Code.FORBIDDEN, Code.NOT_APPROVED_CONTACT, Code.CONFLICT),
)
endpoint.planned(
    "DELETE",
    "/conversations/{id}/members/{user_id}",
    "Leave, or as moderator send somebody out.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
endpoint.planned(
    "GET",
    "/conversations/{id}/messages",
    "A page of the history, oldest first within the page.",
    roles=MEMBERS,
    query=MessagesQuery,
    returns=Page[MessageOut],
)
endpoint.planned(
    "POST",
    "/conversations/{id}/messages",
    "Send a message.",
    roles=MEMBERS,
    body=SendMessage,
    returns=MessageOut,
    status=201,
    limit="messages",
    refuses=(
        Code.MUTED,
        Code.NOT_APPROVED_CONTACT,
        Code.QUIET_HOURS,
        Code.PAYLOAD_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.MEDIA_REJECTED,
    ),
)
endpoint.planned(
    "PATCH",
    "/conversations/{id}/messages/{message_id}",
    "Edit one's own message, within 24 hours.",
    roles=MEMBERS,
    body=EditMessage,
    returns=MessageOut,
    limit="messages",
    refuses=(Code.FORBIDDEN, Code.MUTED, Code.QUIET_HOURS),
)
endpoint.planned(
    "DELETE",
    "/conversations/{id}/messages/{message_id}",
    "Delete one's own message, or any as moderator.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "PUT",
    "/conversations/{id}/messages/{message_id}/reactions/{emoji}",
    "React to a message.",
    roles=MEMBERS,
    returns=MessageOut,
    limit="messages",
    refuses=(Code.MUTED, Code.QUIET_HOURS),
)
endpoint.planned(
    "DELETE",
    "/conversations/{id}/messages/{message_id}/reactions/{emoji}",
    "Take a reaction back.",
    roles=MEMBERS,
    returns=MessageOut,
    limit="messages",
    refuses=(Code.MUTED, Code.QUIET_HOURS),
)
endpoint.planned(
    "POST",
    "/conversations/{id}/read",
    "Move the caller's read marker; it never goes back.",
    roles=MEMBERS,
    body=MarkRead,
    returns=ReadMarkerOut,
)
endpoint.planned(
    "GET",
    "/search/messages",
    "Search the messages that the caller may read.",
    roles=MEMBERS,
    query=SearchQuery,
    returns=Page[MessageOut],
)
endpoint.planned(
    "POST",
    "/messages/{id}/report",
    "Report a message to the guardians and the admins.",
    roles=MEMBERS,
    body=ReportMessage,
    returns=ReportOut,
    status=201,
)
