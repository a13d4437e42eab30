"""What the log hears of that is no fault of the client's: bugs in full, outages in a line."""

import math
from collections.abc import Hashable

import structlog

from api.envelope import bug, refusal_of
from api.errors import Refusal
from store.clock import Clock
from store.outage import Outage

# An outage meets every request; those of one second have the same to say.
_SECONDS_BETWEEN = 1.0
_logger = structlog.get_logger("hearth")


class Trouble:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Hashable, float] = {}

    def refusal(self, error: Exception, **where: str) -> Refusal:
        """How whatever went wrong is told to the client."""
        known = refusal_of(error)
        if known is None:
            _logger.error("unhandled_error", exc_info=error, **where)
            return bug()
        if isinstance(error, Outage):
            self._tell(error, **where)
        return known

    def _tell(self, outage: Outage, **where: str) -> None:
        cause = outage.__cause__ or outage
        # SQLAlchemy wraps what the driver said, and only the driver knows the SQLSTATE.
        cause = getattr(cause, "orig", None) or cause
        sqlstate = getattr(cause, "pgcode", None)
        now = self._clock.monotonic()
        kind = (type(cause), sqlstate)
        if now - self._told.get(kind, -math.inf) < _SECONDS_BETWEEN:
            return
        self._told[kind] = now
        _logger.warning(
            "outage",
            cause=type(cause).__name__,
            sqlstate=sqlstate,
            # Its further lines would be the statement and the rows that it stumbled over.
            reason=str(outage).partition("\n")[0],
            **where,
        )
