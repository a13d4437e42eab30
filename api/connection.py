"""One HTTP connection: aiohttp's, with time-outs and with errors in our shape.

aiohttp answers what it can't parse as `text/plain`, before any middleware sees it, and waits for
ever for the rest of a head or a body, and for an answer to be taken. All of it is mended here, at
the connection itself.
"""

import asyncio
import secrets

import structlog
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse
from aiohttp.web_server import Server

from api.cutter import Cutter
from api.envelope import bug, error_body, error_headers
from api.errors import Code, Refusal
from api.versions import JSON

# A head is a few hundred bytes: who needs longer than this holds a place that others need.
HEAD_SECONDS = 10.0
# A body may take as long as it takes, as long as it moves: this much in every such span.
BODY_SECONDS = 30.0
# An answer may take as long as it takes, as long as the client takes some of it in every such span.
STALL_SECONDS = 30.0
# More than any frame of ours, so that whoever sends this much without one is making none: empty
# fragments cost a processor as well.
MOST_UNHEARD_BYTES = 1024 * 1024
BODY_BYTES = 1024
_IDLE_SECONDS = 75.0
# Versions of what we are made of are nobody's business.
SERVER = "Hearth"
_logger = structlog.get_logger("hearth")


class ClientGone(ConnectionError):
    """Whoever asked is not there any more: there is nobody to answer, and nothing to mend."""


class Connection(RequestHandler):
    def __init__(self, server: Server, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=_IDLE_SECONDS,
            # The log of requests is the middleware's, with their ids.
            access_log=None,  # type: ignore[arg-type]  # aiohttp itself passes None for "off"
            auto_decompress=False,
        )
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._body: StreamReader | None = None
        self._body_bytes = 0
        self._body_waiter: asyncio.Future[None] | None = None
        self._unheard_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        # Writing is paused, and so watched, as soon as the system takes no more.
        transport.set_write_buffer_limits(high=0)
        self._stalled = Cutter(transport, transport.get_write_buffer_size, STALL_SECONDS)
        # Who connects has something to say; the first head is waited for as any other.
        self._await_head()

    def data_received(self, data: bytes) -> None:
        heads = self._request_count
        body = self._body if self._is_reading_body() else None
        super().data_received(data)
        if self._upgraded:
            self._stop_timers()
            self._unheard_bytes += len(data)
            if self._unheard_bytes > MOST_UNHEARD_BYTES:
                self.force_close()
            return
        self._body_bytes += len(data)
        if self._request_count > heads:
            if body is not None and not body.is_eof():
                # What aiohttp hands on from the middle of a body is that it can't read it.
                self._break_off(body, _not_http())
            self._note_heads()
        elif data and self._is_idle():
            self._await_head()
        if not self._is_reading_body():
            self._cancel_body_timer()
            self._tell_waiter()

    def pause_writing(self) -> None:
        super().pause_writing()
        # A socket has a queue of its own, and its own measure of patience.
        if not self._upgraded:
            self._stalled.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled.stop()

    def _note_heads(self) -> None:
        """Requests have come; of their bodies only the last one's may be still on its way."""
        self._cancel_head_timer()
        if self._messages:
            self._watch_body(self._messages[-1][1])

    def _is_idle(self) -> bool:
        """Whether what comes now can only be the head of a request that nobody waits for yet.

        Else the end of a body, which may come long before its answer, would pass for one.
        """
        return self._waiter is not None and not self._messages

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self._loop.call_later(HEAD_SECONDS, self.force_close)

    def heard_frame(self) -> None:
        """What came since the last one was a frame's."""
        self._unheard_bytes = 0

    def finish(self) -> None:
        """Take no further request; the body of the present one is still read."""
        if not self._is_reading_body():
            self.close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 - aiohttp's
        # aiohttp's own stops reading at once, and the request in mid-body would get no answer.
        if self._is_reading_body():
            self._body_waiter = self._loop.create_future()
            await asyncio.wait({self._body_waiter}, timeout=timeout)
        await super().shutdown(timeout)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_timers()
        self._tell_waiter()
        # However it broke (by a time-out of TCP, by TLS), who reads or writes hears the same word.
        super().connection_lost(None if exc is None else ConnectionResetError(str(exc)))

    def _tell_waiter(self) -> None:
        if self._body_waiter is not None and not self._body_waiter.done():
            self._body_waiter.set_result(None)

    def _is_reading_body(self) -> bool:
        return self._body is not None and not self._body.is_eof()

    def _watch_body(self, body: StreamReader) -> None:
        self._body = body
        self._body_bytes = 0
        # Each body has its own time; what is left of an earlier one's is not to its account.
        self._cancel_body_timer()
        if not body.is_eof():
            self._body_timer = self._loop.call_later(BODY_SECONDS, self._check_body)

    def _check_body(self) -> None:
        self._body_timer = None
        if self._body is None or self._body.is_eof():
            return
        # While we have stopped reading, it is not the client that is slow.
        waits_for_us = self._reading_paused or self._buffer_paused
        if self._body_bytes < BODY_BYTES and not waits_for_us:
            self._break_off(self._body, ConnectionResetError("the body did not come"))
            self.force_close()
            return
        self._watch_body(self._body)

    def _break_off(self, body: StreamReader, reason: Exception) -> None:
        """Tell whoever waits for the rest of a body that it will not come."""
        if self._current_request is not None:
            body.set_exception(reason)
        # aiohttp itself waits for what an answered request left unread, and takes the end of it
        # well, but an error for a bug.
        body.feed_eof()

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cancel_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _stop_timers(self) -> None:
        self._cancel_head_timer()
        self._cancel_body_timer()
        self._stalled.stop()

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        # What is expected at a path that nobody serves, aiohttp refuses before all middlewares.
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = _refused(request, Refusal("That can't be expected of this server."))
        if request.content.exception() is not None:
            # Where a body broke off, nobody knows where the next request would begin.
            resp.force_close()
        heads = self._request_count
        finished = await super().finish_response(request, resp, start_time)
        if self._request_count > heads:
            # What had waited behind an upgrade that was refused has been read just now.
            self._note_heads()
        return finished

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """What aiohttp could not even parse, or what broke outside of every middleware."""
        if isinstance(exc, ClientGone):
            raise exc
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer has been sent already")
        if status < 500:
            return _refused(request, _not_http())
        request_id = secrets.token_hex(8)
        _logger.error("unhandled_error", exc_info=exc, request_id=request_id)
        return _refused(request, bug(), request_id=request_id)


def _not_http() -> Refusal:
    return Refusal("That is not HTTP as this server reads it.", Code.BAD_REQUEST)


def _refused(
    request: BaseRequest, refusal: Refusal, *, request_id: str | None = None
) -> web.Response:
    """An error in our shape for a request that never came to a middleware."""
    more = {} if request_id is None else {"request_id": request_id}
    headers = {"X-Request-ID": request_id or secrets.token_hex(8), "Server": SERVER}
    response = web.Response(
        body=error_body(refusal, request.path, **more),
        status=refusal.code.status,
        content_type=JSON,
        headers={**error_headers(refusal), **headers},
    )
    response.force_close()
    return response


class _Server(Server):
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop)

    def pre_shutdown(self) -> None:
        # aiohttp's own stops listening to every connection, also to one in mid-body.
        for connection in self.connections:
            if isinstance(connection, Connection):
                connection.finish()


class Runner(web.AppRunner):
    """Runs an application on connections of ours."""

    async def _make_server(self) -> Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory)
