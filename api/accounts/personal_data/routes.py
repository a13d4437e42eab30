"""Export and deletion of an account over HTTP."""

from api.access import MEMBERS
from api.accounts.personal_data.schemas import DeletionOut, WhoseAccount
from api.errors import Code
from api.routing import Endpoints

endpoint = Endpoints("Personal data")

endpoint.planned(
    "GET",
    "/account/export",
    "Everything that is held about the caller, or a child in their care, as one ZIP.",
    roles=MEMBERS,
    query=WhoseAccount,
    returns=None,
    produces="application/zip",
)
endpoint.planned(
    "DELETE",
    "/account",
    "Delete the caller's account, or a child's in their care, once the days of grace are over.",
    roles=MEMBERS,
    query=WhoseAccount,
    returns=DeletionOut,
    status=202,
    refuses=(Code.CONFLICT,),
)
