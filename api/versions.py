"""Which version of the contract a client speaks."""

import re

from aiohttp import web
from aiohttp.hdrs import ACCEPT

from api.errors import Code, Refusal

VERSIONS = ("v1",)
JSON = "application/json"
VENDOR_JSON = "application/vnd.app.v1+json"
_VENDOR = re.compile(r"application/vnd\.app\.(v[0-9]+)\+json", re.IGNORECASE)
CONTENT_TYPE_OF_ANSWER = web.RequestKey("content_type_of_answer", str)


def negotiate(request: web.Request) -> str:
    """The media type to answer with, from `Accept`.

    Only another version of our own type is refused: a client that names neither JSON nor ours is
    better served with JSON than with a 406 that it can't read either.
    """
    accepted = request.headers.getall(ACCEPT, ())
    offers = [part.strip() for header in accepted for part in header.split(",")]
    refused = False
    for offer in offers:
        media_type, *parameters = (piece.strip().lower() for piece in offer.split(";"))
        if any(parameter.replace(" ", "") in {"q=0", "q=0.0"} for parameter in parameters):
            continue
        vendor = _VENDOR.fullmatch(media_type)
        if vendor is None:
            if media_type in {JSON, "application/*", "*/*"}:
                return JSON
        elif vendor[1] in VERSIONS:
            return VENDOR_JSON
        else:
            refused = True
    if refused:
        raise Refusal(
            f"That version is not served here. Served: {', '.join(VERSIONS)}, as"
            f" application/vnd.app.<version>+json.",
            Code.NOT_ACCEPTABLE,
        )
    return JSON


def content_type(request: web.Request) -> str:
    kind: str = request.get(CONTENT_TYPE_OF_ANSWER, JSON)
    return kind
