"""A key service elsewhere, which a plug-in speaks to, and what we put around that."""

import asyncio
from collections.abc import Awaitable, Callable

from store.cipher import DoesNotOpen
from store.master_key import KeyProvider, LocalMasterKey, WrongMasterKey
from store.outage import Outage

# It is asked in the middle of transactions: rather a refused request than one that hangs with its
# locks.
_PATIENCE_SECONDS = 10.0


class KeyServiceAway(Outage):
    """The key service did not answer, or refused; its own error stands behind this one."""


class KeyService:
    """A provider whose calls may be slow and may fail, as any call to another machine."""

    def __init__(self, provider: KeyProvider, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._provider = provider
        self._patience = patience

    @property
    def current(self) -> str:
        return self._provider.current

    async def wrap(self, key_id: str, plain: bytes, context: bytes) -> bytes:
        return await self._answer(lambda: self._provider.wrap(key_id, plain, context))

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return await self._answer(lambda: self._provider.unwrap(key_id, wrapped, context))

    async def _answer(self, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            async with asyncio.timeout(self._patience):
                return await ask()
        except (DoesNotOpen, WrongMasterKey):
            raise
        except Exception as error:
            reason = type(error).__name__
            raise KeyServiceAway(f"the key service does not answer ({reason})") from error


class Succession:
    """A provider in the place of a local key, which still opens what it has wrapped.

    For the time from the first start with a key service until the rotation that follows it.
    """

    def __init__(self, provider: KeyProvider, before: LocalMasterKey) -> None:
        self._provider = provider
        self._before = before

    @property
    def current(self) -> str:
        return self._provider.current

    async def wrap(self, key_id: str, plain: bytes, context: bytes) -> bytes:
        return await self._holder(key_id).wrap(key_id, plain, context)

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return await self._holder(key_id).unwrap(key_id, wrapped, context)

    def _holder(self, key_id: str) -> KeyProvider:
        return self._before if key_id == self._before.current else self._provider
