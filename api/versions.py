"""Which version of the contract a client speaks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from aiohttp import web
from aiohttp.hdrs import ACCEPT

from api.errors import Code, Refusal

VERSIONS = ("v1",)
JSON = "application/json"
VENDOR_JSON = "application/vnd.app.v1+json"
_VENDOR = re.compile(r"application/vnd\.app\.[^/]+\+json")
# What stands for more than one media type, the closer one first.
_WILDCARDS = ("application/*", "*/*")
CONTENT_TYPE_OF_ANSWER = web.RequestKey("content_type_of_answer", str)


def negotiate(request: web.Request) -> str:
    """The media type to answer with, from `Accept`.

    Only another version of our own type is refused, and whoever refuses JSON and takes nothing
    else: a client that names neither JSON nor ours is better served with JSON than with a 406 that
    it can't read either.
    """
    offers = dict(_offers(request))
    likings = {kind: _liking(kind, offers) for kind in (JSON, VENDOR_JSON)}
    kind = max(likings, key=lambda kind: likings[kind])
    if likings[kind].weight > 0:
        return kind
    taken = [media_type for media_type, quality in offers.items() if quality > 0]
    refuses_all = likings[JSON].weight == 0 and not taken
    if refuses_all or any(map(_VENDOR.fullmatch, taken)):
        raise Refusal(
            f"That version is not served here. Served: {', '.join(VERSIONS)}, as"
            f" application/vnd.app.<version>+json.",
            Code.NOT_ACCEPTABLE,
        )
    return JSON


class _Liking(NamedTuple):
    """How much a client likes a media type, and how plainly and early it says so."""

    weight: float
    is_named: bool
    place: int


def _liking(kind: str, offers: Mapping[str, float]) -> _Liking:
    # The name that comes closest decides (RFC 9110, 12.5.1).
    for name in (kind, *_WILDCARDS):
        if name in offers:
            return _Liking(offers[name], name == kind, -list(offers).index(name))
    return _Liking(-1.0, False, 0)  # less than what is refused


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
            if media_type:
                yield media_type, _quality(parameters)


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            with suppress(ValueError):
                return min(max(float(value), 0.0), 1.0)
    return 1.0


def content_type(request: web.Request) -> str:
    kind: str = request.get(CONTENT_TYPE_OF_ANSWER, JSON)
    return kind
