"""The audit log over HTTP."""

from datetime import datetime

from aiohttp import web
from aiohttp.hdrs import CONTENT_DISPOSITION, CONTENT_TYPE

from api import paging
from api.access import ADMINS
from api.admin import log_csv
from api.admin.schemas import AuditEntryOut, LogsQuery
from api.keys import AUDIT_LOG, CLOCK, DB
from api.routing import Endpoints
from api.streaming import stream
from api.versions import asks_for
from api.wire import Page

endpoint = Endpoints("Administration")


@endpoint.get(
    "/admin/logs",
    roles=ADMINS,
    query=LogsQuery,
    returns=Page[AuditEntryOut],
    produces=log_csv.MEDIA_TYPE,
)
async def read_log(
    request: web.Request, query: LogsQuery
) -> Page[AuditEntryOut] | web.StreamResponse:
    """The audit log, newest first; as CSV when asked for.

    A table holds every entry that the filters let through, without pages. A cell that a spreadsheet
    would take for a formula begins with an apostrophe there.
    """
    log, db, wanted = request.app[AUDIT_LOG], request.app[DB], query.wanted()
    if query.format == "csv" or (query.format is None and asks_for(request, log_csv.MEDIA_TYPE)):
        table = log_csv.table(db, log, wanted)
        response = web.StreamResponse(headers=_table_headers(request.app[CLOCK].now()))
        return await stream(request, response, table)
    place = paging.after(request, query)
    behind = None if place is None else (datetime.fromisoformat(place[0]), int(place[1]))
    async with db.read() as reading:
        entries = await log.page(reading, wanted, behind=behind, limit=query.limit + 1)
    page, following = paging.cut(
        request, query, entries, lambda entry: [entry.created_at.isoformat(), entry.number]
    )
    return Page[AuditEntryOut](items=[AuditEntryOut.of(entry) for entry in page], next=following)


def _table_headers(now: datetime) -> dict[str, str]:
    return {
        CONTENT_TYPE: f"{log_csv.MEDIA_TYPE}; charset=utf-8; header=present",
        CONTENT_DISPOSITION: f'attachment; filename="audit-log-{now:%Y-%m-%d}.csv"',
    }
