"""Asking a provider over HTTP: for so long, for so much, and nobody else than was meant."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp.hdrs import ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL
from pydantic import BaseModel, ValidationError

from api.accounts.oauth.refusals import ProviderAway

SECONDS = 10.0
# The largest honest answer is a set of keys, of a few KiB.
_LARGEST = 256 * 1024
# Somebody waits for each of these; more at once than a household has people is no household.
_CONNECTIONS = 20
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", re.IGNORECASE)

S = TypeVar("S", bound=BaseModel)
_logger = structlog.get_logger("hearth.auth")


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    # How many seconds its sender lets it be kept; None: it does not say.
    max_age: int | None
    body: bytes = field(repr=False)

    def read(self, shape: type[S]) -> S:
        try:
            return shape.model_validate_json(self.body)
        except ValidationError:
            raise away(self.url, "its answer can't be read") from None


class ProviderHttp:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str) -> Answer:
        answer = await self._ask("GET", url)
        if answer.status != 200:
            raise away(url, f"it answered {answer.status}")
        return answer

    async def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """Of whatever status: what a provider refuses, it refuses with a 400."""
        return await self._ask("POST", url, form)

    async def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Answer:
        try:
            async with self._session.request(
                method, url, data=form, allow_redirects=False
            ) as response:
                body = await _read(response)
        except (aiohttp.ClientError, OSError) as error:
            raise away(url, type(error).__name__) from None
        told = _MAX_AGE.search(response.headers.get(CACHE_CONTROL, ""))
        return Answer(url, response.status, int(told[1]) if told else None, body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > _LARGEST:
            raise away(str(response.url), "its answer is too large")
    return bytes(body)


def away(url: str, reason: str) -> ProviderAway:
    """The refusal, whose reason only the log gets to know."""
    _logger.warning("provider_away", host=urlsplit(url).hostname, reason=reason)
    return ProviderAway()


@asynccontextmanager
async def provider_http(seconds: float = SECONDS) -> AsyncIterator[ProviderHttp]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds),
        # An answer is counted as it comes in, so it must not grow afterwards.
        auto_decompress=False,
        headers={ACCEPT: "application/json", ACCEPT_ENCODING: "identity"},
    ) as session:
        yield ProviderHttp(session)
