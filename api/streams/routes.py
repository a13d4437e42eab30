"""Live streams over HTTP: starting and finding them, and WHIP and WHEP."""

from api.access import EVERYONE, MEMBERS
from api.errors import Code
from api.routing import Endpoints
from api.streams.schemas import StartedStreamOut, StartStream, StopStream, StreamOut, StreamsQuery
from api.wire import Page, PageQuery

SDP = "application/sdp"
# RFC 8840: candidates and ICE credentials, without the rest of a session description.
SDP_FRAGMENT = "application/trickle-ice-sdpfrag"
# The end of a session is answered with 200 and no body (RFC 9725, section 4.2).
NOTHING = "text/plain"

endpoint = Endpoints("Streams")

endpoint.planned(
    "POST",
    "/streams/start",
    "Go live.",
    roles=MEMBERS,
    body=StartStream,
    returns=StartedStreamOut,
    status=201,
    refuses=(Code.ALREADY_LIVE, Code.QUIET_HOURS, Code.TIME_UP, Code.CONSENT_REQUIRED),
)
endpoint.planned(
    "POST",
    "/streams/stop",
    "End a stream, as its streamer, a guardian or an admin.",
    roles=MEMBERS,
    body=StopStream,
    returns=StreamOut,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "GET",
    "/streams/active",
    "The streams that are live and that the caller may watch.",
    roles=MEMBERS,
    query=PageQuery,
    returns=Page[StreamOut],
)
endpoint.planned(
    "GET",
    "/streams",
    "The streams that the caller may see, newest first.",
    roles=MEMBERS,
    query=StreamsQuery,
    returns=Page[StreamOut],
)
endpoint.planned(
    "GET",
    "/streams/{id}",
    "One stream.",
    roles=MEMBERS,
    returns=StreamOut,
)
endpoint.planned(
    "POST",
    "/whip/{stream_id}",
    "Publish a stream by WHIP (RFC 9725); `Location` names the session.",
    roles=EVERYONE,
    credential="stream",
    returns=None,
    status=201,
    consumes=SDP,
    produces=SDP,
    refuses=(Code.BAD_SDP, Code.NO_COMMON_CODEC, Code.CONFLICT),
)
endpoint.planned(
    "PATCH",
    "/whip/{stream_id}/{session_id}",
    "Restart ICE of a WHIP session.",
    roles=EVERYONE,
    credential="stream",
    returns=None,
    consumes=SDP_FRAGMENT,
    produces=SDP_FRAGMENT,
    refuses=(Code.BAD_SDP, Code.PRECONDITION_FAILED),
)
endpoint.planned(
    "DELETE",
    "/whip/{stream_id}/{session_id}",
    "End a WHIP session.",
    roles=EVERYONE,
    credential="stream",
    returns=None,
    produces=NOTHING,
)
endpoint.planned(
    "POST",
    "/whep/{stream_id}",
    "Watch a stream by WHEP; `Location` names the session.",
    roles=MEMBERS,
    returns=None,
    status=201,
    consumes=SDP,
    produces=SDP,
    refuses=(Code.BAD_SDP, Code.NO_COMMON_CODEC, Code.QUIET_HOURS, Code.TIME_UP),
)
endpoint.planned(
    "PATCH",
    "/whep/{stream_id}/{session_id}",
    "Restart ICE of a WHEP session.",
    roles=MEMBERS,
    returns=None,
    consumes=SDP_FRAGMENT,
    produces=SDP_FRAGMENT,
    refuses=(Code.BAD_SDP, Code.PRECONDITION_FAILED),
)
endpoint.planned(
    "DELETE",
    "/whep/{stream_id}/{session_id}",
    "End a WHEP session.",
    roles=MEMBERS,
    returns=None,
    produces=NOTHING,
)
