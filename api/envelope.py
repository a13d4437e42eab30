"""How an error reads on the wire, over HTTP and over sockets."""

import json
from collections.abc import Mapping
from math import ceil
from typing import Any

from api.errors import Code, NotFound, RangeNotSatisfiable, Refusal
from store.blobs import NoSuchBlob, TooLarge
from store.ids import WrongId
from store.outage import Outage

# These families were published before the envelope was: their clients read `detail`.
_OLDER_FAMILIES = ("/api", "/register", "/token", "/refresh", "/logout", "/users", "/rooms")


def refusal_of(error: Exception) -> Refusal | None:
    """The one table from exceptions to codes; None: it is a bug, and the answer says nothing."""
    match error:
        case Refusal():
            return error
        case WrongId() | NoSuchBlob():
            return NotFound()
        case TooLarge():
            return Refusal(f"The file has {error}.", Code.PAYLOAD_TOO_LARGE)
        case Outage():
            return Refusal(
                "A part of the server is away. Try again in a moment.",
                Code.UNAVAILABLE,
                retry_after=5,
            )
    return None


def bug() -> Refusal:
    return Refusal(
        "Something went wrong on the server. Look whether it was done before you try again.",
        Code.INTERNAL,
    )


def error_object(refusal: Refusal, **more: Any) -> dict[str, Any]:
    error: dict[str, Any] = {"code": str(refusal.code), "message": refusal.message}
    if refusal.details:
        error["details"] = [
            {"field": detail.field, "problem": detail.problem} for detail in refusal.details
        ]
    return {**error, **more}


def error_body(refusal: Refusal, path: str, **more: Any) -> bytes:
    body: dict[str, Any] = {"error": error_object(refusal, **more)}
    if any(path == family or path.startswith(f"{family}/") for family in _OLDER_FAMILIES):
        body["detail"] = refusal.message
    return json.dumps(body, ensure_ascii=False).encode()


def error_headers(refusal: Refusal) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(max(1, ceil(refusal.retry_after)))
    if isinstance(refusal, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{refusal.size}"
    if refusal.code.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers
