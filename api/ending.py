"""The end of a server, and how long it may take."""

from store.clock import Clock

# The contract's ten, less what a process of this size takes to go on a small machine.
SECONDS = 8.5


class End:
    """What ends last takes what those before it have left, be it much or little."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: float | None = None

    def begin(self) -> None:
        self._began = self._clock.monotonic()

    def seconds_left(self) -> float:
        if self._began is None:
            return SECONDS
        return self._began + SECONDS - self._clock.monotonic()
