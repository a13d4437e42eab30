"""Blobs in a bucket, on whatever speaks S3.

The library's client is not typed; it stays inside `ask`, `_read` and what opens it. Whatever it
raises becomes NoSuchBlob, WrongStorage or Outage.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self
from urllib.parse import urlsplit

import structlog
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError

from store.blobs import (
    LEFT_BEHIND_AFTER,
    PIECE_BYTES,
    Blob,
    NoSuchBlob,
    Stat,
    WrongStorage,
    checked_key,
    checked_range,
    new_key,
    pieces,
    prove,
)
from store.outage import Outage

# The smallest part that S3 takes, so that an upload holds as little memory as can be. With the
# 10,000 parts that it takes at most, a blob may have 48 GiB.
PART_BYTES = 5 * 1024 * 1024
# The bucket may hold other things of the family's; what we list and sweep is ours only.
_PREFIX = "blobs/"

# A storage that is away is noticed within seconds, and what waits for a person fails with it.
_CONNECT_SECONDS = 3
# Copying a large blob inside the storage may take this long without a word.
_READ_SECONDS = 30
_TRIES = 2
# A part on its way over a slow line; the limits above don't watch over what is being sent.
_CALL_SECONDS = 120

_CONNECTIONS = 32

_CHANGE_KEYS = (
    "Correct HEARTH_S3_ACCESS_KEY and HEARTH_S3_SECRET_KEY, or allow that key to read, write and"
    " delete there."
)
_CHANGE_ENDPOINT = "Correct HEARTH_S3_ENDPOINT: what answers there does not speak S3."
_CHANGE_REGION = "Correct HEARTH_S3_REGION."
_ADVICE = {
    "NoSuchBucket": "Make the bucket, or correct HEARTH_S3_BUCKET.",
    "InvalidBucketName": "Correct HEARTH_S3_BUCKET.",
    "InvalidAccessKeyId": _CHANGE_KEYS,
    "SignatureDoesNotMatch": _CHANGE_KEYS,
    "AccessDenied": _CHANGE_KEYS,
    "401": _CHANGE_KEYS,
    "403": _CHANGE_KEYS,
    "AuthorizationHeaderMalformed": _CHANGE_REGION,
    "PermanentRedirect": _CHANGE_REGION,
    "301": _CHANGE_REGION,
    "405": _CHANGE_ENDPOINT,
    "RequestTimeTooSkewed": "Set this machine's clock.",
}

# What other programs of this machine are told about Amazon in ~/.aws is not meant for us.
_NOTHING = (None, None, None, None)
_NOT_READ = {"profile": _NOTHING, "config_file": _NOTHING, "credentials_file": _NOTHING}

_log = structlog.get_logger("hearth")


@dataclass(frozen=True, slots=True)
class Bucket:
    name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    endpoint: str | None = None
    """None: Amazon's own."""

    def __str__(self) -> str:
        """For messages: without what an address may hold besides the host."""
        host = urlsplit(self.endpoint).netloc.rpartition("@")[2] if self.endpoint else "Amazon S3"
        return f"bucket {self.name} at {host}"


class _NothingThere(Exception):
    """The range begins behind the blob's end."""


class S3Blobs:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._open = AsyncExitStack()
        self._client: Any = None

    def __repr__(self) -> str:
        return f"<S3Blobs in {self._bucket}>"

    async def __aenter__(self) -> Self:
        client = AioSession(_NOT_READ).create_client(
            "s3",
            endpoint_url=self._bucket.endpoint,
            region_name=self._bucket.region,
            aws_access_key_id=self._bucket.access_key,
            aws_secret_access_key=self._bucket.secret_key,
            config=_config(self._bucket),
        )
        try:
            self._client = await self._open.enter_async_context(client)
        except (ValueError, BotoCoreError) as wrong:
            raise WrongStorage(
                f"There can't be a {self._bucket} ({type(wrong).__name__})."
                " Correct HEARTH_S3_ENDPOINT, such as https://storage.example, and"
                " HEARTH_S3_REGION."
            ) from wrong
        # The HTTP client below waits without end for the leave to send that this would ask for.
        self._client.meta.events.unregister("before-call.s3", add_expect_header)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def write(self, stream: AsyncIterator[bytes], *, content_type: str, limit: int) -> Blob:
        key = new_key()
        digest, size = sha256(), 0
        upload = _Upload(self, key, content_type)
        try:
            async with aclosing(pieces(stream, PART_BYTES, limit)) as parts:
                async for part in parts:
                    await asyncio.to_thread(digest.update, part)
                    await upload.add(part)
                    size += len(part)
            await upload.end()
        except BaseException:
            # Shielded: a second cancellation must not leave parts behind, which cost money and
            # which no listing shows.
            await asyncio.shield(upload.abandon())
            raise
        return Blob(key, digest.hexdigest(), size)

    async def read(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        checked_range(start, end)
        if start == end:
            await self.stat(key)
            return
        # All of a blob is no range of it: an empty one has none, not even from its beginning.
        is_part = start > 0 or end is not None
        wanted = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if is_part else {}
        try:
            answer = await self.ask("get_object", Key=_name(key), **wanted)
        except _NothingThere:
            return
        async with answer["Body"] as body:
            while piece := await self._read(body):
                yield piece

    async def stat(self, key: str) -> Stat:
        answer = await self.ask("head_object", Key=_name(key))
        return Stat(int(answer["ContentLength"]))

    async def delete(self, key: str) -> None:
        with suppress(NoSuchBlob):  # Amazon says nothing of it, others do
            await self.ask("delete_object", Key=_name(key))

    async def move(self, key: str) -> str:
        moved = new_key()
        source = {"Bucket": self._bucket.name, "Key": _name(key)}
        try:
            await self.ask("copy_object", Key=_name(moved), CopySource=source)
            await self.delete(key)
        except NoSuchBlob:
            raise
        except BaseException:
            # Nobody learns the new key, so nobody would ever delete it.
            await asyncio.shield(self.forget(moved))
            raise
        return moved

    async def signed_url(
        self, key: str, seconds: int, *, disposition: str = "attachment"
    ) -> str | None:
        url: str = await self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket.name,
                "Key": _name(key),
                "ResponseContentDisposition": disposition,
                "ResponseCacheControl": f"private, max-age={seconds}",
            },
            ExpiresIn=seconds,
        )
        return url

    async def sweep(self, now: datetime) -> int:
        swept = 0
        places: dict[str, str] = {}
        while True:
            page = await self.ask("list_multipart_uploads", Prefix=_PREFIX, **places)
            for upload in page.get("Uploads", ()):
                if upload["Initiated"] < now - LEFT_BEHIND_AFTER:
                    await self.ask(
                        "abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    swept += 1
            if not page.get("IsTruncated"):
                return swept
            places = {
                "KeyMarker": page["NextKeyMarker"],
                "UploadIdMarker": page["NextUploadIdMarker"],
            }

    async def check(self) -> None:
        await prove(self)

    async def ask(self, operation: str, **parameters: Any) -> Any:
        """One call to the storage, and its answer as the library gives it."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await getattr(self._client, operation)(
                    Bucket=self._bucket.name, **parameters
                )
        except ClientError as refused:
            raise self._refusal(refused) from refused
        except ResponseParserError as strange:
            raise self.not_s3() from strange
        except ParamValidationError as impossible:
            raise WrongStorage(
                f"There can't be a {self._bucket}. Correct HEARTH_S3_BUCKET."
            ) from impossible
        except (BotoCoreError, OSError) as error:
            raise self._outage(error) from error

    async def forget(self, key: str) -> None:
        """Delete as far as possible what nobody will ever ask for."""
        try:
            await self.delete(key)
        except Outage as outage:
            _log.warning("blob_left_behind", key=key, reason=str(outage))

    def not_s3(self) -> WrongStorage:
        return WrongStorage(f"The {self._bucket} can't be used. {_CHANGE_ENDPOINT}")

    async def _read(self, body: Any) -> bytes:
        try:
            piece: bytes = await body.read(PIECE_BYTES)
        except Exception as error:
            # The HTTP client below the library tells of a cut connection in its own words.
            raise self._outage(error) from error
        return piece

    def _outage(self, error: Exception) -> Outage:
        return Outage(
            f"The {self._bucket} can't be reached ({type(error).__name__})."
            " Start it, or correct HEARTH_S3_ENDPOINT."
        )

    def _refusal(self, refused: ClientError) -> Exception:
        code = str(refused.response.get("Error", {}).get("Code", ""))
        status = int(refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in {"NoSuchKey", "NoSuchUpload", "404"}:
            return NoSuchBlob()
        if code == "InvalidRange":
            return _NothingThere()
        advice = _ADVICE.get(code) or _ADVICE.get(str(status))
        said = f"The {self._bucket} refused to work ({code or status})."
        return WrongStorage(f"{said} {advice}") if advice else Outage(said)


class _Upload:
    """A blob on its way into the bucket: in one request if it is small, in parts if it is not."""

    def __init__(self, blobs: S3Blobs, key: str, content_type: str) -> None:
        self._blobs = blobs
        self._key = key
        self._content_type = content_type
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._is_sent = False

    async def add(self, part: bytes) -> None:
        """Only the last part may be smaller than PART_BYTES."""
        if self._id is None and len(part) < PART_BYTES:
            await self._send_whole(part)
            return
        if self._id is None:
            self._id = (await self._ask("create_multipart_upload", ContentType=self._content_type))[
                "UploadId"
            ]
        number = len(self._parts) + 1
        sent = await self._ask("upload_part", UploadId=self._id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    async def end(self) -> None:
        if self._id is not None:
            self._is_sent = True
            await self._ask(
                "complete_multipart_upload",
                UploadId=self._id,
                MultipartUpload={"Parts": self._parts},
            )
        elif not self._is_sent:
            await self._send_whole(b"")

    async def abandon(self) -> None:
        """Leave nothing behind, as far as the storage can still be reached."""
        if self._id is not None:
            try:
                await self._ask("abort_multipart_upload", UploadId=self._id)
            except NoSuchBlob:
                pass  # it was complete, although we never heard of it
            except Outage as outage:
                _log.warning("upload_left_behind", key=self._key, reason=str(outage))
        if self._is_sent:
            await self._blobs.forget(self._key)

    async def _send_whole(self, content: bytes) -> None:
        self._is_sent = True
        try:
            await self._ask("put_object", ContentType=self._content_type, Body=content)
        except NoSuchBlob as strange:
            raise self._blobs.not_s3() from strange

    async def _ask(self, operation: str, **parameters: Any) -> Any:
        return await self._blobs.ask(operation, Key=_name(self._key), **parameters)


def _name(key: str) -> str:
    return _PREFIX + checked_key(key)


def _config(bucket: Bucket) -> AioConfig:
    is_encrypted = bucket.endpoint is None or bucket.endpoint.startswith("https:")
    return AioConfig(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=_CONNECTIONS,
        signature_version="s3v4",
        s3={
            # The form that every storage understands, whatever its certificate says.
            "addressing_style": "path",
            # TLS protects what is sent; a hash of each part would hold up the loop for nothing.
            "payload_signing_enabled": not is_encrypted,
        },
        # Checksums in trailers are Amazon's own invention, which many others refuse.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # It reads its descriptions of S3 from the disk: in a thread, not on the loop.
        warm_up_loader_caches=True,
    )
