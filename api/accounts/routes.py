"""People over HTTP."""

from api.access import MEMBERS
from api.accounts.schemas import FullUserOut, UserOut, UsersPage, UsersQuery
from api.routing import Endpoints

endpoint = Endpoints("People")

endpoint.planned(
    "GET",
    "/users/me",
    "The caller's own account.",
    roles=MEMBERS,
    returns=FullUserOut,
)
endpoint.planned(
    "GET",
    "/users",
    "The people of the caller's circle; children see only those they may talk to.",
    roles=MEMBERS,
    query=UsersQuery,
    returns=UsersPage,
)
endpoint.planned(
    "GET",
    "/users/{username}",
    "One person; guardians and admins see all of them.",
    roles=MEMBERS,
    returns=UserOut,
)
