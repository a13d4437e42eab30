"""What a provider publishes, kept for as long as it says: within bounds, and asked for by one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from api.accounts.oauth.http import Answer
from api.accounts.oauth.refusals import PAUSE_SECONDS, ProviderAway
from store.clock import Clock

# A key that was withdrawn must not serve for long, and no sign-in should wait for a document that
# hardly ever changes.
SHORTEST = 300.0
LONGEST = 86_400.0
USUAL = 3_600.0

T = TypeVar("T")


class Published(Generic[T]):
    def __init__(
        self, ask: Callable[[], Awaitable[Answer]], read: Callable[[Answer], T], clock: Clock
    ) -> None:
        self._ask = ask
        self._read = read
        self._clock = clock
        self._asking = asyncio.Lock()
        self._document: T | None = None
        self._fresh_until = 0.0
        # Whatever strangers send, and however it ended: the provider is not asked before this.
        self._not_before = 0.0

    async def get(self) -> T:
        if (document := self._fresh()) is not None:
            return document
        async with self._asking:
            if (document := self._fresh()) is not None:
                return document
            if self._rests():
                raise ProviderAway
            return await self._renewed()

    async def get_anew(self) -> T:
        """For whoever misses something in it; the same once more, if it is too soon to ask."""
        async with self._asking:
            if self._document is not None and self._rests():
                return self._document
            return await self._renewed()

    def _fresh(self) -> T | None:
        return self._document if self._clock.monotonic() < self._fresh_until else None

    def _rests(self) -> bool:
        return self._clock.monotonic() < self._not_before

    async def _renewed(self) -> T:
        try:
            answer = await self._ask()
            self._document = self._read(answer)
        except ProviderAway:
            self._rest()
            raise
        self._rest()
        said = USUAL if answer.max_age is None else answer.max_age
        self._fresh_until = self._clock.monotonic() + min(max(said, SHORTEST), LONGEST)
        return self._document

    def _rest(self) -> None:
        # Not for a request that was broken off: its sender could keep everybody out that way.
        self._not_before = self._clock.monotonic() + PAUSE_SECONDS
