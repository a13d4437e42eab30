"""The catalogue's administration: reports, tags, titles by hand, and jobs."""

from api.access import ADMINS
from api.catalogue.admin_schemas import (
    Backfill,
    CreateTag,
    CreateTitle,
    JobOut,
    JobStartedOut,
    ScrapeFandom,
    TagRuleOut,
)
from api.catalogue.schemas import TitleOut
from api.conversations.report_schemas import FullReportOut, ReportsQuery, ResolveReport
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Catalogue administration")

endpoint.planned(
    "GET",
    "/api/admin/reports",
    "What was reported.",
    roles=ADMINS,
    query=ReportsQuery,
    returns=Page[FullReportOut],
)
endpoint.planned(
    "POST",
    "/api/admin/reports/{id}/resolve",
    "Close a report, and say what came of it.",
    roles=ADMINS,
    body=ResolveReport,
    returns=FullReportOut,
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "GET",
    "/api/admin/tags",
    "All tags, with the rules by which wiki pages are read.",
    roles=ADMINS,
    query=PageQuery,
    returns=Page[TagRuleOut],
)
endpoint.planned(
    "POST",
    "/api/admin/tags",
    "Make a tag, or give one another rule.",
    roles=ADMINS,
    body=CreateTag,
    returns=TagRuleOut,
    status=201,
)
endpoint.planned(
    "DELETE",
    "/api/admin/tags/{id}",
    "Take a tag off every title.",
    roles=ADMINS,
    returns=None,
    status=204,
)
endpoint.planned(
    "POST",
    "/api/admin/titles",
    "Add a title by hand.",
    roles=ADMINS,
    body=CreateTitle,
    returns=TitleOut,
    status=201,
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "POST",
    "/api/admin/scrape-fandom",
    "Read a title's wiki page for tags.",
    roles=ADMINS,
    body=ScrapeFandom,
    returns=JobStartedOut,
    status=202,
)
endpoint.planned(
    "POST",
    "/api/admin/backfill-episodes",
    "Fetch the seasons and episodes that are missing.",
    roles=ADMINS,
    body=Backfill,
    returns=JobStartedOut,
    status=202,
    refuses=(Code.NOT_CONFIGURED,),
)
endpoint.planned(
    "POST",
    "/api/admin/backfill-deep-links",
    "Fetch the deep links that are missing.",
    roles=ADMINS,
    body=Backfill,
    returns=JobStartedOut,
    status=202,
    refuses=(Code.NOT_CONFIGURED,),
)
endpoint.planned(
    "GET",
    "/api/admin/jobs/{id}",
    "How a job goes.",
    roles=ADMINS,
    returns=JobOut,
)
