"""Which passwords are good enough."""

from functools import cache
from pathlib import Path

from pydantic import Secret

from api.errors import Detail, ValidationFailed
from api.settings.declare import whole_number

MIN_LENGTH = whole_number(
    "password_min_length",
    default=10,
    minimum=10,
    maximum=128,
    description="How many characters a new password has at least.",
)

# What everybody's form can send; other ways in are held to it too.
_LONGEST = 128

# The ones that appear most in published leaks, and are long enough to be chosen here.
_COMMON = Path(__file__).with_name("common.txt")


def check_password(
    password: Secret[str], *names: str | None, min_length: int, field: str = "password"
) -> None:
    """Refuse a new password that is too easy to guess; `names` are what everybody knows of them."""
    letters = password.get_secret_value()
    if len(letters) < min_length:
        raise _refusal(field, f"is too short; take at least {min_length} characters")
    if len(letters) > _LONGEST:
        raise _refusal(field, f"is too long; take at most {_LONGEST} characters")
    folded = letters.casefold()
    if folded in _common():
        raise _refusal(
            field, "is one of the commonest there are; take three or four unlikely words"
        )
    if folded in {name.casefold() for name in names if name is not None}:
        raise _refusal(field, "is what everybody knows you by; take something else")


def read_common() -> None:
    """Read the list at the start: the disk is not for the event loop to wait for."""
    _common()


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text().split("\n"))


def _refusal(field: str, problem: str) -> ValidationFailed:
    return ValidationFailed(f"The password {problem}.", details=[Detail(field, problem)])
