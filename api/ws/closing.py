"""Why a socket closes, in the contract's numbers."""

from enum import IntEnum

from api.errors import Refusal


class CloseCode(IntEnum):
    NORMAL = 1000
    BINARY = 1003
    NOT_UTF8 = 1007
    TOO_LARGE = 1009
    RESTARTING = 1012
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408
    FLOODING = 4429


_BY_STATUS = {
    401: CloseCode.UNAUTHENTICATED,
    403: CloseCode.FORBIDDEN,
    404: CloseCode.NOT_FOUND,
    429: CloseCode.FLOODING,
}


def close_code(refusal: Refusal) -> CloseCode:
    return _BY_STATUS.get(refusal.code.status, CloseCode.RESTARTING)


def close_reason(text: str) -> bytes:
    """A control frame has room for 125 bytes, two of them the code (RFC 6455, 5.5)."""
    return text.encode()[:123].decode(errors="ignore").encode()
