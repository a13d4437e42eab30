"""Answers that are longer than memory, sent piece by piece."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from aiohttp import web
from aiohttp.hdrs import METH_HEAD

from store.outage import Outage

# A client may be slow, and keeps a connection to the database meanwhile: it must move.
PIECE_SECONDS = 30.0
_logger = structlog.get_logger("hearth")


async def stream(
    request: web.Request, response: web.StreamResponse, pieces: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    """Send the pieces as they are made, and make no more of them once the client has gone.

    What goes wrong before the first of them is refused like anything else. After that the head has
    said that all is well, and the connection is cut instead, so that nobody takes a part for the
    whole.
    """
    async with aclosing(pieces):
        piece = await anext(pieces, b"")
        await response.prepare(request)
        if request.method == METH_HEAD:
            return response
        try:
            while piece:
                async with asyncio.timeout(PIECE_SECONDS):
                    await response.write(piece)
                piece = await anext(pieces, b"")
        except ConnectionError:
            raise
        except (TimeoutError, Outage) as reason:
            _logger.warning("answer_cut_off", path=request.path, reason=type(reason).__name__)
            _cut(request)
        except Exception:
            _logger.exception("answer_broken_off", path=request.path)
            _cut(request)
    return response


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
