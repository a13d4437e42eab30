"""Which version of the contract a client speaks."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

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
    refused = False
    for media_type, quality in _offers(request):
        vendor = _VENDOR.fullmatch(media_type)
        if not quality:
            continue
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


def asks_for(request: web.Request, media_type: str) -> bool:
    """Whether `Accept` names a media type that a route has beside JSON, and JSON no more than it.

    A wildcard asks for nothing in particular: whoever sends one gets what they always got.
    """
    offers = dict(_offers(request))
    ours = (wanted for offer, wanted in offers.items() if offer == JSON or _VENDOR.fullmatch(offer))
    wanted = offers.get(media_type, 0.0)
    return wanted > 0 and wanted >= max(ours, default=0.0)


def _offers(request: web.Request) -> Iterator[tuple[str, float]]:
    """What `Accept` lists, and how much each of it is wanted."""
    for header in request.headers.getall(ACCEPT, ()):
        for offer in header.split(","):
            media_type, *parameters = (piece.strip().lower() for piece in offer.split(";"))
            yield media_type, _quality(parameters)


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            with suppress(ValueError):
                return float(value)
    return 1.0


def content_type(request: web.Request) -> str:
    kind: str = request.get(CONTENT_TYPE_OF_ANSWER, JSON)
    return kind
