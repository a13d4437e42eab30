"""Export and deletion of an account over HTTP."""

from aiohttp import web
from aiohttp.hdrs import METH_HEAD

from api.access import MEMBERS
from api.accounts.keys import BELONGINGS
from api.accounts.personal_data import service
from api.accounts.personal_data.archive import archive
from api.accounts.personal_data.schemas import DeletionOut, WhoseAccount
from api.errors import Code
from api.idempotency import begin
from api.keys import DB, SETTINGS, VIEWER
from api.routing import Endpoints
from api.streaming import stream

endpoint = Endpoints("Personal data")

_ZIP = "application/zip"


@endpoint.get(
    "/account/export",
    roles=MEMBERS,
    query=WhoseAccount,
    returns=None,
    limit="auth",
    produces=_ZIP,
)
async def export(request: web.Request, query: WhoseAccount) -> web.StreamResponse:
    """Everything that is held about the caller, or a child in their care, as one ZIP.

    Passwords and keys are not in it: of them the server keeps nothing that could be read.
    """
    database = request.app[DB]
    async with database.read() as db:
        account = await service.access_account(db, request[VIEWER], query.user_id)
    response = web.StreamResponse(
        headers={
            "Content-Type": _ZIP,
            "Content-Disposition": f'attachment; filename="hearth-{account.username}.zip"',
        }
    )
    if request.method == METH_HEAD:
        return response
    async with archive(database, request.app[BELONGINGS], account.id) as pieces:
        # Before the first byte leaves, and not before there is one.
        async with begin(request) as tx:
            tx.audit("account.export", "user", account.id)
        return await stream(request, response, pieces)


@endpoint.delete(
    "/account",
    roles=MEMBERS,
    query=WhoseAccount,
    returns=DeletionOut,
    status=202,
    refuses=(Code.CONFLICT,),
)
async def delete(request: web.Request, query: WhoseAccount) -> DeletionOut:
    """Delete the caller's account, or a child's in their care, once the days of grace are over.

    Until then everything goes on as before, and the deletion can be called off. A child asks a
    guardian for it.
    """
    days = request.app[SETTINGS][service.DELETION_DAYS]
    async with begin(request) as tx:
        account, erase_at = await service.ask_to_delete(tx, request[VIEWER], query.user_id, days)
    return DeletionOut(user_id=account.id, erased_at=erase_at)


@endpoint.delete("/account/deletion", roles=MEMBERS, query=WhoseAccount, returns=None, status=204)
async def keep(request: web.Request, query: WhoseAccount) -> None:
    """Call the deletion of an account off, as long as its days of grace run."""
    async with begin(request) as tx:
        await service.keep(tx, request[VIEWER], query.user_id)
