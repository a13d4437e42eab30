"""The authenticator in somebody's pocket."""

from base64 import b32decode
from dataclasses import dataclass, field
from typing import Self

from api.accounts.totp import one_time_codes
from store.clock import Clock


@dataclass(frozen=True, slots=True)
class Authenticator:
    clock: Clock
    secret: bytes = field(repr=False)

    @classmethod
    def reading(cls, secret: str, clock: Clock) -> Self:
        return cls(clock, b32decode(secret))

    def code(self, steps_ahead: int = 0) -> str:
        step = one_time_codes.step_at(self.clock.now()) + steps_ahead
        return one_time_codes.code_at(self.secret, step)

    def wrong(self) -> str:
        """A code of none of the steps that may count now."""
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(code for digit in "012345" if (code := 6 * digit) not in near)
