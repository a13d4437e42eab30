"""What people may write, as types: one line for names and titles, several for messages.

Control characters are refused and not stripped: a text that silently differs from what was sent is
worse than a refusal.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_LINES_AND_TABS = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"

MessageText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=4000, pattern=_LINES_AND_TABS
    ),
    Field(
        description="1 to 4,000 characters after trimming; newline and tab are the only control"
        " characters.",
        examples=["Dinner at seven?"],
    ),
]

Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=2000, pattern=_LINES_AND_TABS
    ),
    Field(examples=["This was mean to Ben."]),
]

Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_ONE_LINE),
]
