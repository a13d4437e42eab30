"""What can be refused, and how that reads.

Services raise a `Refusal`; the HTTP edge and the socket edge both turn it into the same
`{"code", "message", "details"}`. A refusal's message is for the person in front of the client: it
says what to do next and gives nothing away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Self


class Code(StrEnum):
    """Every error code of the contract, with the HTTP status that it travels with."""

    status: int

    def __new__(cls, name: str, status: int) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.status = status
        return member

    VALIDATION_FAILED = "VALIDATION_FAILED", HTTPStatus.BAD_REQUEST
    BAD_REQUEST = "BAD_REQUEST", HTTPStatus.BAD_REQUEST
    BAD_SDP = "BAD_SDP", HTTPStatus.BAD_REQUEST
    UNKNOWN_MID = "UNKNOWN_MID", HTTPStatus.BAD_REQUEST
    NO_COMMON_CODEC = "NO_COMMON_CODEC", HTTPStatus.BAD_REQUEST
    FINGERPRINT_MISMATCH = "FINGERPRINT_MISMATCH", HTTPStatus.BAD_REQUEST

    UNAUTHENTICATED = "UNAUTHENTICATED", HTTPStatus.UNAUTHORIZED
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS", HTTPStatus.UNAUTHORIZED
    TOKEN_EXPIRED = "TOKEN_EXPIRED", HTTPStatus.UNAUTHORIZED
    REFRESH_REUSED = "REFRESH_REUSED", HTTPStatus.UNAUTHORIZED
    TOTP_REQUIRED = "TOTP_REQUIRED", HTTPStatus.UNAUTHORIZED

    FORBIDDEN = "FORBIDDEN", HTTPStatus.FORBIDDEN
    PENDING_APPROVAL = "PENDING_APPROVAL", HTTPStatus.FORBIDDEN
    SUSPENDED = "SUSPENDED", HTTPStatus.FORBIDDEN
    MUTED = "MUTED", HTTPStatus.FORBIDDEN
    BANNED = "BANNED", HTTPStatus.FORBIDDEN
    CHAT_DISABLED = "CHAT_DISABLED", HTTPStatus.FORBIDDEN
    CSRF = "CSRF", HTTPStatus.FORBIDDEN
    NOT_APPROVED_CONTACT = "NOT_APPROVED_CONTACT", HTTPStatus.FORBIDDEN
    QUIET_HOURS = "QUIET_HOURS", HTTPStatus.FORBIDDEN
    TIME_UP = "TIME_UP", HTTPStatus.FORBIDDEN
    TITLE_BLOCKED = "TITLE_BLOCKED", HTTPStatus.FORBIDDEN
    CONSENT_REQUIRED = "CONSENT_REQUIRED", HTTPStatus.FORBIDDEN
    TOTP_ENROLMENT_REQUIRED = "TOTP_ENROLMENT_REQUIRED", HTTPStatus.FORBIDDEN
    PIN_REQUIRED = "PIN_REQUIRED", HTTPStatus.FORBIDDEN

    NOT_FOUND = "NOT_FOUND", HTTPStatus.NOT_FOUND
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED", HTTPStatus.METHOD_NOT_ALLOWED
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", HTTPStatus.NOT_ACCEPTABLE

    CONFLICT = "CONFLICT", HTTPStatus.CONFLICT
    EMAIL_TAKEN = "EMAIL_TAKEN", HTTPStatus.CONFLICT
    USERNAME_TAKEN = "USERNAME_TAKEN", HTTPStatus.CONFLICT
    ALREADY_LIVE = "ALREADY_LIVE", HTTPStatus.CONFLICT

    PRECONDITION_FAILED = "PRECONDITION_FAILED", HTTPStatus.PRECONDITION_FAILED
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    RANGE_NOT_SATISFIABLE = "RANGE_NOT_SATISFIABLE", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE

    MEDIA_REJECTED = "MEDIA_REJECTED", HTTPStatus.UNPROCESSABLE_ENTITY
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH", HTTPStatus.UNPROCESSABLE_ENTITY

    RATE_LIMITED = "RATE_LIMITED", HTTPStatus.TOO_MANY_REQUESTS
    LOCKED = "LOCKED", HTTPStatus.TOO_MANY_REQUESTS

    INTERNAL = "INTERNAL", HTTPStatus.INTERNAL_SERVER_ERROR
    UNAVAILABLE = "UNAVAILABLE", HTTPStatus.SERVICE_UNAVAILABLE
    NOT_CONFIGURED = "NOT_CONFIGURED", HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is wrong, and where: a body field, a query parameter, an id."""

    field: str
    problem: str


class Refusal(Exception):
    """The server understood and says no. Never a bug: it is not logged as one."""

    code: Code = Code.BAD_REQUEST

    def __init__(
        self,
        message: str,
        code: Code | None = None,
        *,
        details: Sequence[Detail] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = tuple(details)
        self.retry_after = retry_after


class ValidationFailed(Refusal):
    code = Code.VALIDATION_FAILED


class Unauthenticated(Refusal):
    code = Code.UNAUTHENTICATED


class Forbidden(Refusal):
    code = Code.FORBIDDEN


class NotFound(Refusal):
    """For what does not exist and for what the caller may not know of: the words are the same."""

    code = Code.NOT_FOUND

    def __init__(self, message: str = "There is no such thing here.") -> None:
        super().__init__(message)


class Conflict(Refusal):
    code = Code.CONFLICT


class PreconditionFailed(Refusal):
    code = Code.PRECONDITION_FAILED


class RangeNotSatisfiable(Refusal):
    """What was asked for lies behind the end."""

    code = Code.RANGE_NOT_SATISFIABLE

    def __init__(self, size: int) -> None:
        super().__init__(f"There are {size:,} bytes, and the range begins behind them.")
        self.size = size


class RateLimited(Refusal):
    code = Code.RATE_LIMITED


class Unavailable(Refusal):
    code = Code.UNAVAILABLE
