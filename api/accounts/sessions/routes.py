"""Sessions over HTTP."""

from aiohttp import web

from api import paging
from api.access import MEMBERS
from api.accounts.sessions import service
from api.accounts.sessions.schemas import SessionOut
from api.errors import Code
from api.idempotency import begin
from api.keys import DB, VIEWER
from api.routing import Endpoints
from api.wire import Page, PageQuery
from store import sessions

endpoint = Endpoints("Sessions")


@endpoint.get("/auth/sessions", roles=MEMBERS, query=PageQuery, returns=Page[SessionOut])
async def list_sessions(request: web.Request, query: PageQuery) -> Page[SessionOut]:
    """The devices on which the caller is signed in, the newest sign-in first."""
    viewer = request[VIEWER]
    behind = paging.after(request, query)
    async with request.app[DB].read() as db:
        found = await sessions.living(
            db, viewer.user_id, query.limit + 1, behind[0] if behind else None
        )
    page, following = paging.cut(request, query, found, lambda session: [session.id])
    return Page[SessionOut](
        items=[SessionOut.of(session, viewer.session_id) for session in page], next=following
    )


@endpoint.delete(
    "/auth/sessions/{sid}", roles=MEMBERS, returns=None, status=204, refuses=(Code.CSRF,)
)
async def sign_out(request: web.Request) -> None:
    """Sign a device out: one's own, or one of a child in one's care."""
    async with begin(request) as tx:
        await service.sign_out(tx, request[VIEWER], request.match_info["sid"])
