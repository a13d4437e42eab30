"""Pages that come with the server: read once, sent with a policy that lets nothing else in."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from aiohttp import web
from aiohttp.hdrs import CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH

from api.errors import NotFound

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    content_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> Self:
        body = path.read_bytes()
        return cls(body, mimetypes.types_map[path.suffix], f'"{sha256(body).hexdigest()[:20]}"')


class Page:
    """The files of one folder."""

    def __init__(self, files: Mapping[str, _File]) -> None:
        self._files = files

    @classmethod
    def read(cls, folder: Path) -> Self:
        return cls({path.name: _File.read(path) for path in folder.iterdir() if path.is_file()})

    def answer(self, request: web.Request, name: str) -> web.Response:
        file = self._files.get(name)
        if file is None:
            raise NotFound
        headers = {
            ETAG: file.etag,
            CACHE_CONTROL: "no-cache",  # kept, and asked about each time
            CONTENT_SECURITY_POLICY: _POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if request.headers.get(IF_NONE_MATCH) == file.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=file.body, content_type=file.content_type, charset="utf-8", headers=headers
        )
