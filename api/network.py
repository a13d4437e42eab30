"""Who is on the other end of the wire, and by which name they called us."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.hdrs import HOST, ORIGIN

from api.configuration import Configuration

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_X_FORWARDED_FOR = "X-Forwarded-For"
_X_FORWARDED_PROTO = "X-Forwarded-Proto"


_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


class Network:
    def __init__(self, configuration: Configuration) -> None:
        self._trusted = tuple(
            ipaddress.ip_network(network, strict=False) for network in configuration.trusted_proxies
        )
        own = urlsplit(configuration.own_url)
        self._own_scheme = own.scheme
        self._cors_origins = frozenset(configuration.cors_origins)
        self._public_origin = (
            f"{own.scheme}://{own.netloc}" if configuration.public_url is not None else None
        )
        self._allowed_hosts = frozenset(
            name.lower().strip("[]")
            for name in (configuration.allowed_hosts or _own_names(own.hostname or "localhost"))
        )

    def address(self, request: web.BaseRequest) -> str:
        """The client's address; proxies are believed only as far as they are ours."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        # A Unix socket has no address: whoever may open its file is this machine.
        hop = _address(peer[0]) if isinstance(peer, tuple) else ipaddress.IPv4Address("127.0.0.1")
        if hop is None:
            return "unknown"
        forwarded = ",".join(request.headers.getall(_X_FORWARDED_FOR, ())).split(",")
        while self._is_trusted(hop) and forwarded:
            before = _address(forwarded.pop().strip())
            if before is None:
                break
            hop = before
        return str(hop)

    def budget_address(self, request: web.BaseRequest) -> str:
        """What an address budget counts: for IPv6 the /64, since one household holds all of it."""
        address = _address(self.address(request))
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)

    def scheme(self, request: web.BaseRequest) -> str:
        """`https` when the client's own hop was encrypted."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        hop = _address(peer[0]) if isinstance(peer, tuple) else None
        if hop is not None and self._is_trusted(hop):
            told = request.headers.get(_X_FORWARDED_PROTO, "").split(",")[-1].strip().lower()
            if told in {"http", "https"}:
                return told
        return "https" if request.secure else "http"

    def knows_host(self, request: web.BaseRequest) -> bool:
        host = request.headers.get(HOST)
        if host is None:
            return False
        named = _HOST.fullmatch(host)
        if named is None:
            return False
        name = (named["v6"] or named["name"]).lower()
        if any(fnmatchcase(name, allowed) for allowed in self._allowed_hosts):
            return True
        # By the very address that the connection came in on: no name, so no rebinding of one.
        own = request.transport.get_extra_info("sockname") if request.transport else None
        return isinstance(own, tuple) and _address(name) == _address(own[0])

    def allows_origin(self, request: web.BaseRequest) -> bool:
        """Whether the page that sends this is ours or one that the configuration names."""
        origin = request.headers.get(ORIGIN, "")
        if origin in self._cors_origins or origin == self._public_origin:
            return True
        return origin == f"{self.scheme(request)}://{request.headers.get(HOST, '')}"

    def _is_trusted(self, address: IPAddress) -> bool:
        return any(address in network for network in self._trusted)


def _address(text: str) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 clients as ::ffff:a.b.c.d.
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _own_names(public_name: str) -> Iterable[str]:
    return (public_name, "localhost", "127.0.0.1", "::1", "*.local", socket.gethostname())
