"""How often one person and one household may ask."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from api.access import Viewer
from api.errors import RateLimited, Unavailable
from api.routing import Limit
from api.settings.declare import whole_number
from api.settings.live import LiveSettings
from store.limits import Budget, Limits, LimitsUnavailable, Verdict

AUTH = whole_number(
    "rate_limit_auth",
    default=60,
    minimum=1,
    maximum=100_000,
    description="Sign-in attempts a minute, for each address and for each account.",
)
MESSAGES = whole_number(
    "rate_limit_messages",
    default=60,
    minimum=1,
    maximum=100_000,
    description="Messages, edits and reactions a minute for each person; ten times that for an"
    " address, which a whole household shares.",
)
_HOUSEHOLD = 10


class RateLimits:
    def __init__(self, shared: Limits, within_process: Limits, settings: LiveSettings) -> None:
        self._shared = shared
        self._within_process = within_process
        self._settings = settings

    async def take(
        self, limit: Limit, *, address: str, viewer: Viewer | None, now: datetime
    ) -> Verdict:
        """Take one from the budgets of a request."""
        budgets = self._budgets(limit, address, viewer.user_id if viewer else None)
        try:
            return await self._shared.take(budgets, now.timestamp())
        except LimitsUnavailable:
            # Guessing passwords must not get easier because Redis is away; talking may go on.
            if limit == "auth":
                raise Unavailable(
                    "Signing in has to wait for a moment. Try again soon.", retry_after=5
                ) from None
            return await self._within_process.take(budgets, now.timestamp())

    def _budgets(self, limit: Limit, address: str, user_id: str | None) -> list[Budget]:
        each = self._settings[AUTH if limit == "auth" else MESSAGES]
        household = each if limit == "auth" else each * _HOUSEHOLD
        budgets = [Budget(f"{limit}:address:{address}", household)]
        if user_id is not None:
            budgets.append(Budget(f"{limit}:user:{user_id}", each))
        return budgets


def refusal(verdict: Verdict) -> RateLimited:
    wait = ceil(verdict.retry_after)
    return RateLimited(
        f"That was too much at once. Try again in {wait} seconds.", retry_after=verdict.retry_after
    )


def headers(verdict: Verdict) -> Mapping[str, str]:
    return {
        "RateLimit-Limit": str(verdict.limit),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(ceil(verdict.reset_after)),
    }
