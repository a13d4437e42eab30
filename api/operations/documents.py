"""The documents of this server, made once from its declarations."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from aiohttp import web

from api.asyncapi import asyncapi_document
from api.openapi import openapi_document
from api.routing import Route
from api.version import VERSION
from api.ws.declare import Socket

TITLE = "Hearth"


@dataclass(frozen=True, slots=True)
class Documents:
    openapi: bytes
    asyncapi: bytes

    @classmethod
    def of(
        cls,
        routes: Iterable[Route],
        sockets: Iterable[Socket],
        *,
        planned: bool,
        server_url: str,
    ) -> Self:
        """With `planned`, also what is declared and not built yet."""
        return cls(*_made(tuple(routes), tuple(sockets), planned, server_url))


# Many applications may be made in one process, one after the other, and they all say the same.
@lru_cache(maxsize=8)
def _made(
    routes: tuple[Route, ...], sockets: tuple[Socket, ...], planned: bool, server_url: str
) -> tuple[bytes, bytes]:
    about = {"title": TITLE, "version": VERSION, "server_url": server_url}
    return (
        _text(openapi_document([r for r in routes if planned or r.handler], **about)),
        _text(asyncapi_document(sockets, planned=planned, **about)),
    )


def _text(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


DOCUMENTS = web.AppKey("documents", Documents)
