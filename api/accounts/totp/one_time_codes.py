"""The codes that an authenticator shows: RFC 6238 over RFC 4226."""

import hmac
import os
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS = 6
_STEP_SECONDS = 30
# RFC 6238, 5.2: a step to either side, for clocks that are off and for slow fingers.
_TOLERANCE = 1
# RFC 4226, 4 (R6): 160 bits, the width of the hash below.
_SECRET_BYTES = 20
_ISSUER = "Hearth"


def make_secret() -> bytes:
    return os.urandom(_SECRET_BYTES)


def spell_secret(secret: bytes) -> str:
    """In Base32, as people type it into an authenticator."""
    return b32encode(secret).decode()


def otpauth_url(secret: bytes, username: str) -> str:
    """What an authenticator reads from a QR code."""
    # The label never holds an e-mail address: authenticators show it, and copy it to their clouds.
    label = f"{quote(_ISSUER, safe='')}:{quote(username, safe='')}"
    query = urlencode({"secret": spell_secret(secret), "issuer": _ISSUER}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"


def step_at(moment: datetime) -> int:
    return int(moment.timestamp()) // _STEP_SECONDS


def code_at(secret: bytes, step: int) -> str:
    """RFC 4226, 5.3. With SHA-1, which every authenticator knows: collisions don't touch HMAC."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, moment: datetime, last_step: int | None) -> int | None:
    """The step whose code this is, if it is of about this moment and has not served.

    Two steps may happen to have the same code. It serves for neither once it has served for one,
    and so the older of them must be new, and the newer counts as used.
    """
    present = step_at(moment)
    fitting = [
        step
        for step in range(present - _TOLERANCE, present + _TOLERANCE + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode(errors="replace"))
    ]
    if not fitting or (last_step is not None and fitting[0] <= last_step):
        return None
    return fitting[-1]
