"""Administration over HTTP."""

from api.access import ADMINS
from api.accounts.schemas import FullUserOut, UserAnswer
from api.admin.schemas import (
    AccountsQuery,
    AuditEntryOut,
    LogsQuery,
    OverviewOut,
    ResetLinkOut,
    SuspendAccount,
)
from api.conversations.report_schemas import FullReportOut, ReportsQuery, ResolveReport
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page

endpoint = Endpoints("Administration")

endpoint.planned(
    "GET",
    "/admin/accounts",
    "All accounts.",
    roles=ADMINS,
    query=AccountsQuery,
    returns=Page[FullUserOut],
)
endpoint.planned(
    "POST",
    "/admin/accounts/{id}/approve",
    "Let a pending parent in, with a family of their own.",
    roles=ADMINS,
    returns=UserAnswer,
)
endpoint.planned(
    "POST",
    "/admin/accounts/{id}/suspend",
    "Suspend an account; a parent's children lose their sessions with it.",
    roles=ADMINS,
    body=SuspendAccount,
    returns=UserAnswer,
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "POST",
    "/admin/accounts/{id}/restore",
    "Put a suspended account back into use.",
    roles=ADMINS,
    returns=UserAnswer,
)
endpoint.planned(
    "POST",
    "/admin/accounts/{id}/reset-password",
    "Make a one-time link with which somebody sets a new password.",
    roles=ADMINS,
    returns=ResetLinkOut,
)
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
