"""Usernames for those who chose none."""

import re
import unicodedata

_SHORTEST, _LONGEST = 3, 40
# Room for a hyphen and a number behind the name.
_ROOM = 6
_RESERVED = {"me"}


def stem_of(name: str) -> str:
    """The letters of a name that a username can hold, or a word that fits everybody."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[: _LONGEST - _ROOM]
    return (
        letters
        if len(letters) >= _SHORTEST and letters not in _RESERVED
        else f"{letters or 'someone'}-home"
    )


def free_name(stem: str, taken: set[str]) -> str:
    """The stem itself, or the stem with the first number that is free."""
    if stem not in taken:
        return stem
    return next(
        name for number in range(2, len(taken) + 3) if (name := f"{stem}-{number}") not in taken
    )
