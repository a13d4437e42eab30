"""A meter for clients that never stop."""

FRAMES_A_SECOND = 100
SECONDS = 5


class FloodMeter:
    """Tells when more than 100 frames came in each of five seconds in a row."""

    __slots__ = ("_count", "_full_seconds", "_second")

    def __init__(self) -> None:
        self._second = 0
        self._count = 0
        self._full_seconds = 0

    def overflows(self, monotonic: float) -> bool:
        """Count one frame."""
        second = int(monotonic)
        if second != self._second:
            was_full = self._count > FRAMES_A_SECOND and second == self._second + 1
            self._full_seconds = self._full_seconds + 1 if was_full else 0
            self._second, self._count = second, 0
        self._count += 1
        return self._count > FRAMES_A_SECOND and self._full_seconds >= SECONDS - 1
