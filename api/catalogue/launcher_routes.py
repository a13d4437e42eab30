"""The launcher: what a paired television calls with its own token."""

from api.access import EVERYONE
from api.catalogue.launcher_schemas import (
    ApprovedContentOut,
    ApprovedContentQuery,
    ReportActivity,
    ReportContent,
    ReportDeepLink,
    RequestTitle,
    UnlockedOut,
    UnlockProfile,
)
from api.catalogue.profile_schemas import PairDevice, PairedOut
from api.catalogue.schemas import ActivityOut, TitleRequestOut
from api.conversations.report_schemas import ReportOut
from api.errors import Code
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Launcher")

endpoint.planned(
    "POST",
    "/api/launcher/pair",
    "Pair this television by the code that a parent was shown.",
    roles=OPEN,
    body=PairDevice,
    returns=PairedOut,
    status=201,
    refuses=(Code.INVALID_CREDENTIALS, Code.RATE_LIMITED),
)
endpoint.planned(
    "POST",
    "/api/launcher/unlock",
    "Open a profile on this television for 12 hours.",
    roles=EVERYONE,
    credential="device",
    body=UnlockProfile,
    returns=UnlockedOut,
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED),
)
endpoint.planned(
    "GET",
    "/api/launcher/approved-content",
    "What may be watched here; an `ETag` that still holds is a 304.",
    roles=EVERYONE,
    credential="device",
    query=ApprovedContentQuery,
    returns=ApprovedContentOut,
    refuses=(Code.PIN_REQUIRED,),
)
endpoint.planned(
    "GET",
    "/api/launcher/events",
    "Server-sent events: what may be watched has changed.",
    roles=EVERYONE,
    credential="device",
    returns=None,
    produces="text/event-stream",
)
endpoint.planned(
    "POST",
    "/api/launcher/report-deep-link",
    "Report an address that opened a title here; three families make it everybody's.",
    roles=EVERYONE,
    credential="device",
    body=ReportDeepLink,
    returns=None,
    status=204,
)
endpoint.planned(
    "POST",
    "/api/launcher/requests",
    "Ask a parent for a title.",
    roles=EVERYONE,
    credential="device",
    body=RequestTitle,
    returns=TitleRequestOut,
    status=201,
    refuses=(Code.PIN_REQUIRED,),
)
endpoint.planned(
    "POST",
    "/api/launcher/activity",
    "Report what is being watched.",
    roles=EVERYONE,
    credential="device",
    body=ReportActivity,
    returns=ActivityOut,
    status=201,
    refuses=(Code.PIN_REQUIRED, Code.TITLE_BLOCKED, Code.TIME_UP, Code.QUIET_HOURS),
)
endpoint.planned(
    "POST",
    "/api/launcher/report-content",
    "Report a title to the admins.",
    roles=EVERYONE,
    credential="device",
    body=ReportContent,
    returns=ReportOut,
    status=201,
)
