"""Passwords over HTTP."""

from api.access import MEMBERS
from api.accounts.passwords.schemas import ChangePassword, ResetPassword
from api.errors import Code
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Passwords")

endpoint.planned(
    "POST",
    "/auth/password",
    "Change one's own password; all other sessions end.",
    roles=MEMBERS,
    body=ChangePassword,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED),
)
endpoint.planned(
    "POST",
    "/auth/password/reset",
    "Set a new password with a one-time link; all sessions have ended.",
    roles=OPEN,
    body=ResetPassword,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.TOKEN_EXPIRED),
)
