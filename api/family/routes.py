"""A family's children and the rules for them, over HTTP."""

from aiohttp import web

from api import paging
from api.access import MEMBERS, PARENTS
from api.family import service
from api.family.oversight_schemas import OversightEntryOut, SummaryOut, SummaryQuery
from api.family.schemas import (
    ChangeContacts,
    ConsentOut,
    ContactOut,
    ContactsOut,
    FamilyPage,
    GiveBonus,
    NewConsent,
    QuietHoursOut,
    SetQuietHours,
    SetTime,
    TimeOut,
)
from api.keys import DB, SETTINGS, VIEWER
from api.routing import Endpoints
from api.wire import Page, PageQuery
from store import families

endpoint = Endpoints("Family")


@endpoint.get("/family", roles=PARENTS, query=PageQuery, returns=FamilyPage)
async def read_family(request: web.Request, query: PageQuery) -> FamilyPage:
    """The children in the caller's care, and how they stand."""
    viewer = request[VIEWER]
    assert viewer.user_id is not None
    behind = paging.after(request, query)
    async with request.app[DB].read() as db:
        children = await families.children(
            db, viewer.user_id, query.limit + 1, behind[0] if behind else None
        )
        page, following = paging.cut(request, query, children, lambda child: [child.id])
        return FamilyPage(
            items=await service.children_out(db, page, request.app[SETTINGS]),
            next=following,
            families=await service.families_out(db, viewer),
        )


endpoint.planned(
    "GET",
    "/family/{child_id}/contacts",
    "Whom a child may meet, and who waits for an answer.",
    roles=PARENTS,
    returns=ContactsOut,
)
endpoint.planned(
    "PUT",
    "/family/{child_id}/contacts",
    "Say whom a child may meet, and how closely their guardians look.",
    roles=PARENTS,
    body=ChangeContacts,
    returns=ContactsOut,
)
endpoint.planned(
    "POST",
    "/family/{child_id}/contacts/{user_id}/approve",
    "Let a child meet somebody.",
    roles=PARENTS,
    returns=ContactOut,
)
endpoint.planned(
    "GET",
    "/family/{child_id}/quiet-hours",
    "When a child can read and no more; the child may look too.",
    roles=MEMBERS,
    returns=QuietHoursOut,
)
endpoint.planned(
    "PUT",
    "/family/{child_id}/quiet-hours",
    "Set a child's quiet hours.",
    roles=PARENTS,
    body=SetQuietHours,
    returns=QuietHoursOut,
)
endpoint.planned(
    "GET",
    "/family/{child_id}/time",
    "A child's time budget, and what is left of today; the child may look too.",
    roles=MEMBERS,
    returns=TimeOut,
)
endpoint.planned(
    "PUT",
    "/family/{child_id}/time",
    "Set a child's time budget.",
    roles=PARENTS,
    body=SetTime,
    returns=TimeOut,
)
endpoint.planned(
    "POST",
    "/family/{child_id}/time/bonus",
    "Give a child more time for today.",
    roles=PARENTS,
    body=GiveBonus,
    returns=TimeOut,
)
endpoint.planned(
    "GET",
    "/family/{child_id}/summary",
    "A child's last days, as far as the privacy level allows; the child sees the same.",
    roles=MEMBERS,
    query=SummaryQuery,
    returns=SummaryOut,
)
endpoint.planned(
    "GET",
    "/family/oversight",
    "Who read what of a child's: of the caller, or of the children in their care.",
    roles=MEMBERS,
    query=PageQuery,
    returns=Page[OversightEntryOut],
)
endpoint.planned(
    "GET",
    "/family/{child_id}/consents",
    "What guardians have agreed to for a child.",
    roles=PARENTS,
    query=PageQuery,
    returns=Page[ConsentOut],
)
endpoint.planned(
    "POST",
    "/family/{child_id}/consents",
    "Agree to something for a child, or take it back.",
    roles=PARENTS,
    body=NewConsent,
    returns=ConsentOut,
    status=201,
)
