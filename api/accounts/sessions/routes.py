"""Sessions over HTTP."""

from api.access import MEMBERS
from api.accounts.sessions.schemas import SessionOut
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Sessions")

endpoint.planned(
    "GET",
    "/auth/sessions",
    "The devices on which the caller is signed in.",
    roles=MEMBERS,
    query=PageQuery,
    returns=Page[SessionOut],
)
endpoint.planned(
    "DELETE",
    "/auth/sessions/{sid}",
    "Sign a device out: one's own, or one of a child in one's care.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.CSRF,),
)
