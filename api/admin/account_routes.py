"""Accounts in the hands of admins, over HTTP."""

from aiohttp import web
from pydantic import Secret

from api import paging
from api.access import ADMINS
from api.accounts.people import in_full
from api.accounts.registration import service as registration
from api.accounts.schemas import FullUserOut, UserAnswer
from api.admin import accounts_service
from api.admin.schemas import AccountsQuery, ResetLinkOut, SuspendAccount
from api.errors import Code
from api.idempotency import begin
from api.keys import CONFIGURATION, DB
from api.routing import Endpoints
from api.wire import Page
from store import circle, families
from store.circle import Position, Wanted

endpoint = Endpoints("Administration")


@endpoint.get("/admin/accounts", roles=ADMINS, query=AccountsQuery, returns=Page[FullUserOut])
async def list_accounts(request: web.Request, query: AccountsQuery) -> Page[FullUserOut]:
    """All accounts, the newest first."""
    behind = paging.after(request, query)
    wanted = Wanted(
        role=query.role,
        status=query.status,
        words=query.q,
        created_after=query.created_after,
        created_before=query.created_before,
    )
    position = Position(query.limit + 1, behind=(behind[0], behind[1]) if behind else None)
    async with request.app[DB].read() as db:
        found = await circle.accounts(db, wanted, position)
        page, following = paging.cut(
            request, query, found, lambda listed: [listed.key, listed.user.id]
        )
        people = [listed.user for listed in page]
        belongs = await families.families_of(db, [user.id for user in people])
    return Page[FullUserOut](
        items=[FullUserOut.of(user, belongs.get(user.id, [])) for user in people], next=following
    )


@endpoint.post(
    "/admin/accounts/{id}/approve", roles=ADMINS, returns=UserAnswer, refuses=(Code.CONFLICT,)
)
async def approve(request: web.Request) -> UserAnswer:
    """Let a pending parent in, with a family of their own."""
    async with begin(request) as tx:
        user = await registration.approve(tx, request.match_info["id"])
        return UserAnswer(user=await in_full(tx, user))


@endpoint.post(
    "/admin/accounts/{id}/suspend",
    roles=ADMINS,
    body=SuspendAccount,
    returns=UserAnswer,
    refuses=(Code.CONFLICT,),
)
async def suspend(request: web.Request, body: SuspendAccount) -> UserAnswer:
    """Suspend an account; a parent's children lose their sessions with it.

    The children's sessions go on once the parent is restored, or as soon as another of their
    guardians is not suspended.
    """
    async with begin(request) as tx:
        user = await accounts_service.suspend(tx, request.match_info["id"], body.reason)
        return UserAnswer(user=await in_full(tx, user))


@endpoint.post(
    "/admin/accounts/{id}/restore", roles=ADMINS, returns=UserAnswer, refuses=(Code.CONFLICT,)
)
async def restore(request: web.Request) -> UserAnswer:
    """Put a suspended account back into use."""
    async with begin(request) as tx:
        user = await accounts_service.restore(tx, request.match_info["id"])
        return UserAnswer(user=await in_full(tx, user))


@endpoint.post("/admin/accounts/{id}/reset-password", roles=ADMINS, returns=ResetLinkOut)
async def reset_password(request: web.Request) -> ResetLinkOut:
    """Make a one-time link with which somebody sets a new password.

    It is for that person's eyes only. The old password and all sessions end at once, and so does
    the link that was made before.
    """
    async with begin(request) as tx:
        token = await accounts_service.make_reset_link(tx, request.match_info["id"])
    own_url = request.app[CONFIGURATION].own_url
    return ResetLinkOut(link=Secret(f"{own_url}/app/reset#{token.get_secret_value()}"))
