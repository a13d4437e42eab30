"""Administration over HTTP."""

from api.access import ADMINS
from api.admin.schemas import OverviewOut
from api.conversations.report_schemas import FullReportOut, ReportsQuery, ResolveReport
from api.routing import Endpoints
from api.wire import Page

endpoint = Endpoints("Administration")

endpoint.planned(
    "GET",
    "/admin/overview",
    "How the server is: people, calls, streams, storage, jobs, versions, health.",
    roles=ADMINS,
    returns=OverviewOut,
)
endpoint.planned(
    "GET",
    "/admin/reports",
    "What was reported.",
    roles=ADMINS,
    query=ReportsQuery,
    returns=Page[FullReportOut],
)
endpoint.planned(
    "POST",
    "/admin/reports/{id}/resolve",
    "Say what came of a report.",
    roles=ADMINS,
    body=ResolveReport,
    returns=FullReportOut,
)
