"""The IANA time zone database, as far as this machine has it."""

import asyncio
from functools import cache
from zoneinfo import available_timezones

# Names that the database's files have and no place on earth: this machine's own, and none at all.
_NOWHERE = {"Factory", "localtime"}


async def is_timezone(name: str) -> bool:
    # The first look reads hundreds of files.
    return name in await asyncio.to_thread(_names)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - _NOWHERE)
