"""A PostgreSQL on a TCP port: it passes on to the real one what a test does not want spoiled.

The test's server listens on a socket in a folder only, speaks no TLS and always answers; this one
has an address, can have a certificate, and can be deaf to requests to cancel.
"""

import asyncio
import ssl
import struct
from types import TracebackType
from typing import Self

from sqlalchemy.engine import URL

# The first message's code (protocol documentation, "Message Formats").
_CANCEL_REQUEST = 80877102
_SSL_REQUEST = 80877103
_GSSENC_REQUEST = 80877104


class PostgresRelay:
    def __init__(
        self, behind: URL, *, certificate: ssl.SSLContext | None = None, is_deaf: bool = False
    ) -> None:
        self._behind = behind
        self._certificate = certificate
        self._is_deaf = is_deaf
        self.cancels_over_tls: list[bool] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._connections: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> URL:
        query = {"host": "127.0.0.1", "port": str(self.port)}
        return self._behind.set(query=query)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._relay(reader, writer)
        except (asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        while (code := struct.unpack("!II", first)[1]) in (_SSL_REQUEST, _GSSENC_REQUEST):
            if code == _SSL_REQUEST and self._certificate is not None:
                writer.write(b"S")
                await writer.start_tls(self._certificate)
            else:
                writer.write(b"N")
            first = await reader.readexactly(8)
        if code == _CANCEL_REQUEST:
            self.cancels_over_tls.append(writer.get_extra_info("ssl_object") is not None)
            if self._is_deaf:
                await asyncio.Event().wait()
        query = self._behind.query
        socket = f"{query['host']}/.s.PGSQL.{query.get('port', 5432)}"
        server_reader, server_writer = await asyncio.open_unix_connection(socket)
        server_writer.write(first)
        try:
            await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))
        finally:
            server_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
