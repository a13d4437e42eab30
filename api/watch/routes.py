"""Watch rooms over HTTP."""

from api.access import EVERYONE, MEMBERS
from api.catalogue.schemas import TitleOut
from api.errors import Code
from api.routing import Endpoints
from api.watch.schemas import (
    AddToQueue,
    ChangeWatchRoom,
    CreatedWatchRoomOut,
    CreateWatchRoom,
    DecideEntry,
    JoinedWatchRoomOut,
    JoinWatchRoom,
    PassOnHost,
    QueueItemOut,
    VoteForItem,
    WatchParticipantOut,
    WatchRoomOut,
)
from api.wire import Page, PageQuery

endpoint = Endpoints("Watch parties")

endpoint.planned(
    "POST",
    "/api/rooms/create/",
    "Open a watch room; the caller is its host.",
    roles=MEMBERS,
    body=CreateWatchRoom,
    returns=CreatedWatchRoomOut,
    status=201,
    refuses=(Code.TITLE_BLOCKED, Code.QUIET_HOURS, Code.TIME_UP),
)
endpoint.planned(
    "POST",
    "/api/rooms/join/",
    "Join a watch room; to join again tells how one stands and changes nothing.",
    roles=EVERYONE,
    body=JoinWatchRoom,
    returns=JoinedWatchRoomOut,
    refuses=(
        Code.FORBIDDEN,
        Code.BANNED,
        Code.NOT_APPROVED_CONTACT,
        Code.QUIET_HOURS,
        Code.TIME_UP,
        Code.TITLE_BLOCKED,
        Code.RATE_LIMITED,
    ),
)
endpoint.planned(
    "POST",
    "/api/rooms/approve/",
    "Let in somebody who waits, or not, as host.",
    roles=MEMBERS,
    body=DecideEntry,
    returns=WatchParticipantOut,
    refuses=(Code.FORBIDDEN, Code.NOT_APPROVED_CONTACT),
)
endpoint.planned(
    "GET",
    "/api/rooms/{code}",
    "One watch room.",
    roles=EVERYONE,
    returns=WatchRoomOut,
)
endpoint.planned(
    "PATCH",
    "/api/rooms/{code}",
    "Change a watch room, as host.",
    roles=MEMBERS,
    body=ChangeWatchRoom,
    returns=WatchRoomOut,
    refuses=(Code.FORBIDDEN, Code.TITLE_BLOCKED),
)
endpoint.planned(
    "POST",
    "/api/rooms/{code}/close",
    "Close a watch room, as host; its chat goes with it.",
    roles=MEMBERS,
    returns=WatchRoomOut,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/api/rooms/{code}/host",
    "Pass the host's role on.",
    roles=MEMBERS,
    body=PassOnHost,
    returns=WatchRoomOut,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
endpoint.planned(
    "GET",
    "/api/rooms/{code}/queue",
    "What plays next, in its order.",
    roles=EVERYONE,
    query=PageQuery,
    returns=Page[QueueItemOut],
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/api/rooms/{code}/queue",
    "Add something that could play next.",
    roles=EVERYONE,
    body=AddToQueue,
    returns=QueueItemOut,
    status=201,
    refuses=(Code.FORBIDDEN, Code.TITLE_BLOCKED),
)
endpoint.planned(
    "DELETE",
    "/api/rooms/{code}/queue/{item}",
    "Take something off the queue, as host or who added it.",
    roles=EVERYONE,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/api/rooms/{code}/queue/{item}/vote",
    "Vote for something in the queue.",
    roles=EVERYONE,
    body=VoteForItem,
    returns=QueueItemOut,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "GET",
    "/api/rooms/{code}/allowed",
    "The titles that all who are present may watch.",
    roles=EVERYONE,
    query=PageQuery,
    returns=Page[TitleOut],
    refuses=(Code.FORBIDDEN,),
)
