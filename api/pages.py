"""Pages that come with the server: read once, sent with a policy that lets nothing else in."""

import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from aiohttp import web
from aiohttp.hdrs import CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class PageFile:
    body: bytes
    content_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> Self:
        body = path.read_bytes()
        content_type = mimetypes.types_map[path.suffix]
        return cls(body, content_type, f'"{sha256(body).hexdigest()[:20]}"')

    def answer(self, request: web.Request) -> web.Response:
        headers = {
            ETAG: self.etag,
            CACHE_CONTROL: "no-cache",  # kept, and asked about each time
            CONTENT_SECURITY_POLICY: _POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if request.headers.get(IF_NONE_MATCH) == self.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=self.body, content_type=self.content_type, charset="utf-8", headers=headers
        )
