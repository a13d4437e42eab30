"""Specimens of what is no JSON: the smallest body of each kind that its readers take."""

from base64 import b64decode

_SPECIMENS = {
    "application/octet-stream": b"hearth",
    "application/sdp": b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n",
    # The end of a directory without entries: a ZIP that holds nothing.
    "application/zip": b"PK\x05\x06" + bytes(18),
    # One transparent pixel.
    "image/png": b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
        "gg=="
    ),
    "text/csv": b"id,created_at\r\na_01jn8xv3k0e5qr7s9tbcdfghj2,2026-03-01T12:00:00.000Z\r\n",
    "text/event-stream": b"retry: 60000\nevent: example\ndata: {}\n\n",
    "text/html": b"<!doctype html><html lang=en><title>Hearth</title><p>An example.</html>\n",
}


def specimen_of(media_type: str) -> bytes:
    """A body of that media type; of one that is not known here, a few letters."""
    kind = media_type.partition(";")[0].strip()
    if kind in _SPECIMENS:
        return _SPECIMENS[kind]
    return _SPECIMENS["image/png"] if kind.startswith("image/") else b"example\n"
