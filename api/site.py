"""A port that people can reach, by whichever family of addresses they come."""

import asyncio
import socket
import ssl

from aiohttp import web

# Who connects without a word of TLS holds a place just as one who begins a head and stops.
HANDSHAKE_SECONDS = 10.0
_BACKLOG = 1024
# The configuration's default, and what people write who mean the same.
_EVERY_ADDRESS = {"", "::"}


class Site(web.TCPSite):
    def __init__(
        self, runner: web.BaseRunner, host: str, port: int, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(runner, host, port, ssl_context=tls, backlog=_BACKLOG)

    async def start(self) -> None:
        # Like aiohttp's own, which knows neither the time-out nor a socket for both families.
        await web.BaseSite.start(self)
        assert self._runner.server is not None
        place = (
            {"sock": _for_every_address(self._port)}
            if self._host in _EVERY_ADDRESS
            else {"host": self._host, "port": self._port}
        )
        server = await asyncio.get_running_loop().create_server(
            self._runner.server,
            **place,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._ssl_context else None,
        )
        self._server = server
        self._bound_port = server.sockets[0].getsockname()[1]


def _for_every_address(port: int) -> socket.socket:
    # Two sockets would be two ports where any will do (0); and some systems have no IPv6 at all.
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
