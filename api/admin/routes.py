"""Administration over HTTP."""

from api.access import ADMINS
from api.admin.schemas import AuditEntryOut, LogsQuery, OverviewOut
from api.conversations.report_schemas import FullReportOut, ReportsQuery, ResolveReport
from api.routing import Endpoints
from api.wire import Page

endpoint = Endpoints("Administration")

endpoint.planned(
    "GET",
    "/admin/logs",
    "The audit log, newest first; as CSV when asked for.",
    roles=ADMINS,
    query=LogsQuery,
    returns=Page[AuditEntryOut],
    produces="text/csv",
)
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
