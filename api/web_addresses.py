"""Which web addresses may be told a secret."""

import ipaddress
from urllib.parse import urlsplit


def is_confidential(url: str, *, on_loopback: bool) -> bool:
    """Whether nobody on the way there can read along; `on_loopback`: there may be no way at all."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False  # an address in brackets that is none
    if parts.username is not None or not host:
        return False
    return parts.scheme == "https" or (
        on_loopback and parts.scheme == "http" and _is_loopback(host)
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
