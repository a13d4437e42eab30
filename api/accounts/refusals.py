"""How signing in can end otherwise than hoped, whatever the form of it."""

from api.errors import Code

LOGIN_REFUSALS = (
    Code.INVALID_CREDENTIALS,
    Code.TOTP_REQUIRED,
    Code.PENDING_APPROVAL,
    Code.SUSPENDED,
    Code.LOCKED,
)
REFRESH_REFUSALS = (Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED, Code.REFRESH_REUSED, Code.SUSPENDED)
