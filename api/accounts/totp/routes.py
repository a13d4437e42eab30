"""The second factor over HTTP."""

from api.access import MEMBERS
from api.accounts.totp.schemas import ConfirmTotp, RecoveryCodesOut, RemoveTotp, TotpSecretOut
from api.errors import Code
from api.routing import Endpoints

endpoint = Endpoints("Second factor")

endpoint.planned(
    "POST",
    "/auth/totp/enrol",
    "Get a secret for an authenticator.",
    roles=MEMBERS,
    returns=TotpSecretOut,
    limit="auth",
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "POST",
    "/auth/totp/confirm",
    "Turn the second factor on, with a first code.",
    roles=MEMBERS,
    body=ConfirmTotp,
    returns=RecoveryCodesOut,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED, Code.CONFLICT),
)
endpoint.planned(
    "DELETE",
    "/auth/totp",
    "Turn the second factor off.",
    roles=MEMBERS,
    body=RemoveTotp,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED),
)
