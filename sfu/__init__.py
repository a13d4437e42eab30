"""The media core's Python face: small, typed, and without logic of its own."""

from sfu._core import VERSION, WANTED_BUFFER, UdpOffer, probe_udp

__all__ = ["VERSION", "WANTED_BUFFER", "UdpOffer", "probe_udp"]
