"""Leases within one process."""

from dataclasses import dataclass, replace

from store.clock import Clock
from store.leases import Lease


@dataclass(frozen=True, slots=True)
class _Held:
    holder: str
    fence: int
    ends: float


class LocalLeases:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._fence = 0

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        now = self._clock.monotonic()
        # There are as many leases as calls and streams; those that nobody let go of leave here.
        self._held = {name: held for name, held in self._held.items() if held.ends > now}
        if name in self._held:
            return None
        # Microseconds of the wall clock, so that the number rises across a restart as well.
        self._fence = max(self._fence + 1, int(self._clock.now().timestamp() * 1_000_000))
        self._held[name] = _Held(holder, self._fence, now + seconds)
        return Lease(
            self,
            self._clock,
            name=name,
            holder=holder,
            fence=self._fence,
            seconds=seconds,
            asked_at=now,
        )

    async def holder(self, name: str) -> str | None:
        held = self._living(name)
        return held.holder if held else None

    async def extend(self, name: str, fence: int, seconds: float) -> bool:
        held = self._living(name)
        if held is None or held.fence != fence:
            return False
        self._held[name] = replace(held, ends=self._clock.monotonic() + seconds)
        return True

    async def drop(self, name: str, fence: int) -> None:
        held = self._living(name)
        if held is not None and held.fence == fence:
            del self._held[name]

    def _living(self, name: str) -> _Held | None:
        held = self._held.get(name)
        return held if held is not None and held.ends > self._clock.monotonic() else None
