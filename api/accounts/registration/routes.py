"""Registration, approval, children and their guardians over HTTP."""

from api.access import ADMINS, PARENTS
from api.accounts.registration.schemas import (
    AddGuardian,
    ApproveParent,
    ChildCreatedOut,
    GuardiansOut,
    NewChild,
    Register,
    RegisteredOut,
    RegisterParent,
    SignUp,
)
from api.accounts.schemas import UserAnswer
from api.errors import Code
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Registration")

endpoint.planned(
    "POST",
    "/auth/parent/register",
    "Ask for a parent's account; an admin approves it.",
    roles=OPEN,
    body=RegisterParent,
    returns=RegisteredOut,
    status=201,
    limit="auth",
    refuses=(Code.EMAIL_TAKEN,),
)
endpoint.planned(
    "POST",
    "/register",
    "Ask for a parent's account by username; active at once when registration is open.",
    roles=OPEN,
    body=Register,
    returns=RegisteredOut,
    status=201,
    limit="auth",
    refuses=(Code.EMAIL_TAKEN, Code.USERNAME_TAKEN),
)
endpoint.planned(
    "POST",
    "/api/signup",
    "Ask for a parent's account by e-mail address; active at once when registration is open.",
    roles=OPEN,
    body=SignUp,
    returns=RegisteredOut,
    status=201,
    limit="auth",
    refuses=(Code.EMAIL_TAKEN,),
)
endpoint.planned(
    "POST",
    "/auth/admin/approve",
    "Let a pending parent in; to approve again changes nothing.",
    roles=ADMINS,
    body=ApproveParent,
    returns=UserAnswer,
)
endpoint.planned(
    "POST",
    "/auth/child",
    "Create a child's account.",
    roles=PARENTS,
    body=NewChild,
    returns=ChildCreatedOut,
    status=201,
    limit="auth",
    refuses=(Code.USERNAME_TAKEN, Code.EMAIL_TAKEN),
)
endpoint.planned(
    "POST",
    "/auth/child/{id}/guardians",
    "Make another parent a guardian of the child.",
    roles=PARENTS,
    body=AddGuardian,
    returns=GuardiansOut,
    status=201,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "DELETE",
    "/auth/child/{id}/guardians/{user_id}",
    "Take a guardian away; nobody removes the primary one.",
    roles=PARENTS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
