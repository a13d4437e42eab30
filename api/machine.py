"""What the machine that we run on is called, by itself and by its neighbours."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import psutil

from api.tls import Name

_FAMILIES = {socket.AF_INET, socket.AF_INET6}
# Set aside for documentation (RFC 5737). Nothing is sent there: the system is only asked from which
# of its addresses it would send.
_ELSEWHERE = ("198.51.100.1", 9)


def own_names() -> Iterator[Name]:
    """Its names and addresses, as far as they can stand in a URL."""
    yield "localhost"
    with suppress(ValueError):
        yield as_name(socket.gethostname())
        yield as_name(mdns_name())
    for addresses in psutil.net_if_addrs().values():
        for entry in addresses:
            if entry.family in _FAMILIES and "%" not in entry.address:
                yield ipaddress.ip_address(entry.address)


def mdns_name() -> str:
    """What mDNS, where it runs, tells the neighbours."""
    return f"{socket.gethostname().partition('.')[0].lower()}.local"


def address_at_home() -> str:
    """The one address that a phone on the same network is most likely to reach."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return mdns_name()
        address: str = probe.getsockname()[0]
        return address


def as_name(host: str) -> Name:
    """The host of a URL as a certificate names it; ValueError if none can."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return host.lower().encode("idna").decode()
