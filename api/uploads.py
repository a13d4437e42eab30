"""A request that brings a file: the file goes into the quarantine, its other fields are texts."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE

from api.errors import Code, Detail, Refusal, ValidationFailed
from api.keys import QUARANTINE, VIEWER
from api.multipart import MULTIPART, Malformed, Parts
from api.quarantine import QuarantinedFile
from api.wire import Wire
from store.blobs import TooLarge

# No text that goes with a file is as long.
_LONGEST_TEXT = 16 * 1024
# Texts, and what stands around the parts: delimiters, names, types.
_BESIDE_THE_FILE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """What a multipart body holds, by the names of its parts."""

    values: Mapping[str, str | QuarantinedFile]

    def fingerprint(self) -> bytes:
        """The same for the same parts, whatever their order and the boundary between them."""
        digests = {name: _hexdigest(value) for name, value in self.values.items()}
        return json.dumps(digests, sort_keys=True).encode()


@asynccontextmanager
async def received(
    request: web.Request, schema: type[Wire], *, largest: int
) -> AsyncIterator[Upload]:
    """The body of a request whose file has at most `largest` bytes; it is gone with the block."""
    if request.content_type != MULTIPART:
        raise Refusal(
            f"This route reads {MULTIPART}, and the body says it is {request.content_type}.",
            Code.UNSUPPORTED_MEDIA_TYPE,
        )
    limit = largest + _BESIDE_THE_FILE
    if (request.content_length or 0) > limit:
        raise TooLarge(largest)
    parts = Parts(request.content, request.headers[CONTENT_TYPE], limit)
    viewer = request[VIEWER]
    async with request.app[QUARANTINE].upload(viewer.user_id or viewer.session_id) as file:
        yield Upload(await _read(parts, file, schema, largest))


async def _read(
    parts: Parts, file: QuarantinedFile, schema: type[Wire], largest: int
) -> Mapping[str, str | QuarantinedFile]:
    values: dict[str, str | QuarantinedFile] = {}
    while (name := await parts.following()) is not None:
        known = schema.model_fields.get(name)
        if known is None:
            raise _wrong(name, "is not known here")
        if name in values:
            raise _wrong(name, "is there twice")
        if known.annotation is QuarantinedFile:
            await file.fill(_content(parts), limit=largest)
            values[name] = file
        else:
            values[name] = await _text(parts, name)
    return values


async def _content(parts: Parts) -> AsyncIterator[bytes]:
    while piece := await parts.read():
        yield piece


async def _text(parts: Parts, name: str) -> str:
    text = bytearray()
    while piece := await parts.read():
        text += piece
        if len(text) > _LONGEST_TEXT:
            raise _wrong(name, "is too long")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise Malformed(f"{name} is not UTF-8") from None


def _hexdigest(value: str | QuarantinedFile) -> str:
    if isinstance(value, QuarantinedFile):
        return value.hexdigest()
    return sha256(value.encode()).hexdigest()


def _wrong(name: str, problem: str) -> ValidationFailed:
    return ValidationFailed(f"Look again at: {name}.", details=[Detail(name, problem)])
