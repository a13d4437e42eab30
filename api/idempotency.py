"""Requests that are sent twice and happen once: `Idempotency-Key`."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from api.access import Role
from api.errors import Code, Conflict, Refusal
from api.keys import DB, KEYRING, NETWORK, VIEWER
from api.routing import Answer, Route
from store import idempotency as kept
from store.database import Transaction
from store.deeds import Actor

_HEADER = "Idempotency-Key"
_LONGEST = 255
CLAIM = web.RequestKey("idempotency_claim", kept.Claim)


class Repeated(Exception):
    """The request has been answered before, and this is what it made."""

    def __init__(self, object_id: str) -> None:
        super().__init__(object_id)
        self.object_id = object_id


def claim(request: web.Request, route: Route, raw: bytes) -> None:
    """Note the key that came with a request that makes something."""
    key = request.headers.get(_HEADER)
    viewer = request.get(VIEWER)
    if key is None or route.again is None or viewer is None or viewer.user_id is None:
        return
    if not 0 < len(key) <= _LONGEST or not key.isprintable():
        raise Refusal(f"An {_HEADER} is 1 to {_LONGEST} printable characters.")
    secret = request.app[KEYRING].derive("idempotency")
    digest = hmac.digest(secret, raw, "sha256")
    path = request.path.rstrip("/")
    request[CLAIM] = kept.Claim(viewer.user_id, route.method, path, key, digest)


@asynccontextmanager
async def begin(request: web.Request) -> AsyncIterator[Transaction]:
    """The transaction of a request that changes something.

    With an `Idempotency-Key`, the thing that it makes (`tx.created`) and the memory of having made
    it are committed together. What an admin does here is audited, whatever it is.
    """
    claimed = request.get(CLAIM)
    viewer = request.get(VIEWER)
    actor = Actor(viewer.user_id if viewer else None, request.app[NETWORK].address(request))
    async with request.app[DB].begin(actor) as tx:
        if claimed is not None:
            await _take(tx, claimed)
        yield tx
        if viewer is not None and viewer.role is Role.ADMIN and not tx.deeds:
            _audit_request(tx, request)
        if claimed is not None and tx.made is not None:
            made = tx.made
            tx.write_last(lambda tx: kept.keep(tx, claimed, made))


def _audit_request(tx: Transaction, request: web.Request) -> None:
    """The entry of an action that has none of its own: which one it was, and nothing of a body."""
    resource = request.match_info.route.resource
    assert resource is not None
    path = resource.canonical.rstrip("/")
    tx.audit("request", "route", None, after={"method": request.method, "path": path})


async def _take(tx: Transaction, claimed: kept.Claim) -> None:
    try:
        made = await kept.take(tx, claimed)
    except kept.StillRunning:
        raise Conflict(
            "The first request with this key is still under way. Ask again in a moment.",
            retry_after=1,
        ) from None
    except kept.Mismatch:
        raise Refusal(
            "This key was used for another request. Make a new one for each.",
            Code.IDEMPOTENCY_MISMATCH,
        ) from None
    if made is not None:
        raise Repeated(made)


async def answer_again(request: web.Request, route: Route, repeated: Repeated) -> Answer:
    assert route.again is not None
    return Answer(await route.again(request, repeated.object_id))
