"""A second factor that somebody has set up for real."""

from dataclasses import dataclass, field

from store.clock import Clock
from tests.support.authenticator import Authenticator
from tests.support.family import Person


@dataclass(frozen=True, slots=True)
class SecondFactor:
    authenticator: Authenticator
    recovery_codes: list[str] = field(repr=False)

    @classmethod
    async def set_up(cls, person: Person, clock: Clock) -> "SecondFactor":
        enrolled = await person.ask("POST", "/auth/totp/enrol")
        authenticator = Authenticator.reading(enrolled.body["secret"], clock)
        first = {"code": authenticator.code()}
        confirmed = await person.ask("POST", "/auth/totp/confirm", json=first)
        assert confirmed.status == 200, confirmed.body
        return cls(authenticator, confirmed.body["recovery_codes"])

    def wrong(self) -> str:
        return self.authenticator.wrong()

    def fresh(self) -> str:
        """A code that nobody has used."""
        return self.recovery_codes.pop()
