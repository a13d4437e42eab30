"""Media over HTTP: whole or in part, as slowly as the client reads, and never trusted by a page."""

import asyncio
from contextlib import aclosing

import structlog
from aiohttp import web
from aiohttp.hdrs import (
    ACCEPT_RANGES,
    CACHE_CONTROL,
    CONTENT_DISPOSITION,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    IF_RANGE,
    METH_HEAD,
)

from api.errors import RangeNotSatisfiable
from api.keys import BLOBS
from store.blobs import NoSuchBlob
from store.media import Media
from store.outage import Outage

# An id stands for the same bytes for ever, but who may see them changes: a browser asks again
# after this long, and is answered with 304.
_FRESH_SECONDS = 600
# A client that takes nothing for this long is gone, or wants to be waited for.
_STALLED_SECONDS = 60.0

_log = structlog.get_logger("hearth.media")


async def serve_media(request: web.Request, media: Media) -> web.StreamResponse:
    headers = _headers(media)
    if _is_known(request, media):
        return web.Response(status=304, headers=headers)
    part = _part(request, media)
    start, end = part or (0, media.bytes)
    if part is not None:
        headers[CONTENT_RANGE] = f"bytes {start}-{end - 1}/{media.bytes}"
    response = web.StreamResponse(status=206 if part else 200, headers=headers)
    response.headers[CONTENT_TYPE] = media.mime
    response.content_length = end - start
    if request.method == METH_HEAD:
        await response.prepare(request)
    else:
        await _stream(request, response, media, start, end)
    return response


def _headers(media: Media) -> dict[str, str]:
    name = f"{media.purpose}.{media.mime.rpartition('/')[2]}"
    return {
        ETAG: f'"{media.sha256}"',
        ACCEPT_RANGES: "bytes",
        CACHE_CONTROL: f"private, max-age={_FRESH_SECONDS}",
        CONTENT_DISPOSITION: f'inline; filename="{name}"',
        # Opened by itself it is a document of nobody's: it runs nothing and loads nothing.
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def _is_known(request: web.Request, media: Media) -> bool:
    known = request.if_none_match or ()
    return any(tag.value in {media.sha256, "*"} for tag in known)


def _part(request: web.Request, media: Media) -> tuple[int, int] | None:
    """From where up to where; None: all of it.

    What is no range, or several at once, is passed over (RFC 9110, 14.2): the whole serves as well.
    """
    try:
        wanted = request.http_range
    except ValueError:
        return None
    if wanted.start is None or request.method == METH_HEAD:
        return None
    if request.headers.get(IF_RANGE, f'"{media.sha256}"') != f'"{media.sha256}"':
        return None
    start, end, _ = wanted.indices(media.bytes)
    if start >= end:
        raise RangeNotSatisfiable(media.bytes)
    return start, end


async def _stream(
    request: web.Request, response: web.StreamResponse, media: Media, start: int, end: int
) -> None:
    async with aclosing(request.app[BLOBS].read(media.blob_key, start, end)) as pieces:
        # Before anything is said: what the storage has lost can still be refused as it should.
        piece = await anext(pieces, b"")
        await response.prepare(request)
        try:
            while piece:
                async with asyncio.timeout(_STALLED_SECONDS):
                    await response.write(piece)
                piece = await anext(pieces, b"")
        except (TimeoutError, NoSuchBlob, Outage) as error:
            # The answer has begun, so there is one way left to say that it is not whole.
            _log.info("media_cut_off", media=media.id, reason=type(error).__name__)
            if request.transport is not None:
                request.transport.abort()
