"""One STUN binding request (RFC 8489), to see whether a TURN server is there."""

import asyncio
import ipaddress
import secrets
import struct
from typing import Any
from urllib.parse import parse_qs

_BINDING_REQUEST = 0x0001
_BINDING_SUCCESS = 0x0101
_XOR_MAPPED_ADDRESS = 0x0020
_COOKIE = 0x2112A442
_IPV4, _IPV6 = 1, 2
_DEFAULT_PORT = 3478


class NotAsked(Exception):
    """The address is none that can be asked over UDP; the message is the rest of a sentence."""


async def ask(url: str, *, patience: float) -> str:
    """Our address as the server behind the URL sees it; raises OSError and TimeoutError."""
    host, port = _place(url)
    answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    transaction = secrets.token_bytes(12)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Asking(transaction, answer), remote_addr=(host, port)
    )
    try:
        async with asyncio.timeout(patience):
            return read_address(await answer)
    finally:
        transport.close()


def _place(url: str) -> tuple[str, int]:
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    if scheme not in {"turn", "stun"} or parse_qs(query).get("transport", ["udp"]) != ["udp"]:
        raise NotAsked("is not asked: only turn: over UDP is")
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit():
        host, port = place, str(_DEFAULT_PORT)
    return host.strip("[]"), int(port)


class _Asking(asyncio.DatagramProtocol):
    # RFC 8489, 6.2.1: a request may be lost, and is sent again after twice the time each time.
    _FIRST_PAUSE = 0.5

    def __init__(self, transaction: bytes, answer: asyncio.Future[bytes]) -> None:
        self._request = struct.pack("!HHI", _BINDING_REQUEST, 0, _COOKIE) + transaction
        self._answer = answer
        self._pause = self._FIRST_PAUSE

    def connection_made(self, transport: Any) -> None:
        self._send(transport)

    def _send(self, transport: asyncio.DatagramTransport) -> None:
        if transport.is_closing() or self._answer.done():
            return
        transport.sendto(self._request)
        asyncio.get_running_loop().call_later(self._pause, self._send, transport)
        self._pause *= 2

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if data[4:20] == self._request[4:20] and not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


def read_address(message: bytes) -> str:
    """The XOR-MAPPED-ADDRESS of a binding success; OSError if there is none."""
    try:
        kind, length, _ = struct.unpack_from("!HHI", message)
        at = 20
        while kind == _BINDING_SUCCESS and at + 4 <= min(20 + length, len(message)):
            attribute, size = struct.unpack_from("!HH", message, at)
            if attribute == _XOR_MAPPED_ADDRESS:
                return _unmask(message[at + 4 : at + 4 + size], message[4:20])
            at += 4 + size + -size % 4
    except (struct.error, ValueError):
        pass
    raise OSError("the answer is no STUN")


def _unmask(value: bytes, mask: bytes) -> str:
    family = value[1]
    masked = value[4 : 8 if family == _IPV4 else 20]
    plain = bytes(a ^ b for a, b in zip(masked, mask, strict=False))
    if family == _IPV6:
        return str(ipaddress.IPv6Address(plain))
    return str(ipaddress.IPv4Address(plain))
