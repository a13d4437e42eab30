"""Usernames for those who chose none."""

import re
import unicodedata

from store import users
from store.database import Transaction
from store.users import NewUser, User, UsernameTaken

_SHORTEST, _LONGEST = 3, 40
# Room for a hyphen and a number behind the name.
_ROOM = 6
# Two people of one name who come at the same moment both get theirs in the end.
_MOST_TRIES = 20


async def create_named(tx: Transaction, new: NewUser) -> User:
    """Make an account under the first free name that resembles the display name."""
    stem = stem_of(new.display_name)
    for _ in range(_MOST_TRIES):
        name = free_name(stem, await users.taken_names(tx, stem))
        try:
            return await users.create(tx, new.named(name))
        except UsernameTaken:
            continue
    raise UsernameTaken


def stem_of(name: str) -> str:
    """The letters of a name that a username can hold, or a word that fits everybody."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[: _LONGEST - _ROOM]
    return letters if len(letters) >= _SHORTEST else f"{letters or 'someone'}-home"


def free_name(stem: str, taken: set[str]) -> str:
    """The stem itself, or the stem with the first number that is free."""
    numbers = range(2, len(taken) + 3)
    return next(name for name in (stem, *(f"{stem}-{n}" for n in numbers)) if name not in taken)
