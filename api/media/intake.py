"""The way in for what people send: out of the quarantine, made harmless, into the storage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from api.errors import Code, Refusal
from api.media.kinds import HEAD_BYTES, kind_of
from api.media.pictures import MOST_BYTES, Pictures
from api.quarantine import QuarantinedFile
from store.blobs import Blobs
from store.media import NewMedia
from store.outage import Outage

_WEBP = "image/webp"


class Intake:
    def __init__(self, pictures: Pictures, blobs: Blobs) -> None:
        self._pictures = pictures
        self._blobs = blobs

    @asynccontextmanager
    async def square(self, file: QuarantinedFile, edge: int) -> AsyncIterator[NewMedia]:
        """The middle of a picture, in the storage; if the block fails, it does not stay there."""
        kind = kind_of(await file.head(HEAD_BYTES))
        if kind is None:
            raise Refusal(
                "That is no picture of a kind that is read here. Send a JPEG, a PNG or a WebP.",
                Code.UNSUPPORTED_MEDIA_TYPE,
            )
        async with self._pictures.square(file, kind, edge) as clean:
            blob = await self._blobs.write(clean.pieces(), content_type=_WEBP, limit=MOST_BYTES)
        try:
            yield NewMedia(blob.key, _WEBP, blob.bytes, blob.sha256, width=edge, height=edge)
        except BaseException:
            # With the storage away it stays after all, and nobody can ever get at it.
            with suppress(Outage):
                await asyncio.shield(self._blobs.delete(blob.key))
            raise
