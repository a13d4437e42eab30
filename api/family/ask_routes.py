"""Asks and the guardians' inbox over HTTP."""

from api.access import CHILDREN, MEMBERS, PARENTS
from api.family.ask_schemas import AskOut, AsksQuery, InboxItemOut, NewAsk
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Asks")

endpoint.planned(
    "GET",
    "/family/inbox",
    "What waits for the caller: asks, reports, refused attempts.",
    roles=PARENTS,
    query=PageQuery,
    returns=Page[InboxItemOut],
)
endpoint.planned(
    "GET",
    "/family/asks",
    "What was asked: by the caller, or by the children in their care.",
    roles=MEMBERS,
    query=AsksQuery,
    returns=Page[AskOut],
)
endpoint.planned(
    "POST",
    "/family/asks",
    "Ask the guardians for something.",
    roles=CHILDREN,
    body=NewAsk,
    returns=AskOut,
    status=201,
)
endpoint.planned(
    "POST",
    "/family/asks/{id}/approve",
    "Say yes; once it is decided, the decision is the answer and stays.",
    roles=PARENTS,
    returns=AskOut,
)
endpoint.planned(
    "POST",
    "/family/asks/{id}/deny",
    "Say no; once it is decided, the decision is the answer and stays.",
    roles=PARENTS,
    returns=AskOut,
)
