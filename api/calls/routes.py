"""Calls over HTTP, and the TURN credentials that they need."""

from api.access import MEMBERS
from api.calls.schemas import (
    CallOut,
    CallsQuery,
    ChangeCall,
    IceServersOut,
    MuteParticipant,
    StartCall,
)
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page

endpoint = Endpoints("Calls")

endpoint.planned(
    "POST",
    "/calls",
    "Call a conversation or some people; a call that runs there is a 409 that names it.",
    roles=MEMBERS,
    body=StartCall,
    returns=CallOut,
    status=201,
    refuses=(Code.CONFLICT, Code.NOT_APPROVED_CONTACT, Code.QUIET_HOURS, Code.TIME_UP),
)
endpoint.planned(
    "GET",
    "/calls",
    "The caller's calls, newest first.",
    roles=MEMBERS,
    query=CallsQuery,
    returns=Page[CallOut],
)
endpoint.planned(
    "GET",
    "/calls/{id}",
    "One call, with its numbers once it has ended.",
    roles=MEMBERS,
    returns=CallOut,
)
endpoint.planned(
    "POST",
    "/calls/{id}/decline",
    "Decline a call that rings.",
    roles=MEMBERS,
    returns=CallOut,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
endpoint.planned(
    "POST",
    "/calls/{id}/cancel",
    "Give up a call of one's own that nobody has answered.",
    roles=MEMBERS,
    returns=CallOut,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
endpoint.planned(
    "POST",
    "/calls/{id}/end",
    "End a call for all, as its host or in a 1v1.",
    roles=MEMBERS,
    returns=CallOut,
    refuses=(Code.FORBIDDEN, Code.CONFLICT),
)
endpoint.planned(
    "PATCH",
    "/calls/{id}",
    "Open or close the lobby, lock the call, record it, as its host.",
    roles=MEMBERS,
    body=ChangeCall,
    returns=CallOut,
    refuses=(Code.FORBIDDEN, Code.CONSENT_REQUIRED, Code.CONFLICT),
)
endpoint.planned(
    "POST",
    "/calls/{id}/admit/{user_id}",
    "Let somebody in from the lobby, as host.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/calls/{id}/participants/{user_id}/mute",
    "Mute a participant, as host, moderator or the child's guardian.",
    roles=MEMBERS,
    body=MuteParticipant,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/calls/{id}/participants/{user_id}/remove",
    "Send a participant out, as host, moderator or the child's guardian.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "GET",
    "/rtc/ice-servers",
    "TURN servers and credentials for an hour.",
    roles=MEMBERS,
    returns=IceServersOut,
)
