"""What is held about a person, part by part: how it is taken along, and how it is forgotten.

A feature that keeps something of people adds its part here, so that neither the export nor the
erasure can miss it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from store.database import Reading, Transaction

Collect = Callable[[Reading, str], Awaitable[Any]]
Files = Callable[[Reading, str], Awaitable[Mapping[str, AsyncIterator[bytes]]]]
Forget = Callable[[Transaction, str], Awaitable[None]]


async def _no_files(db: Reading, user_id: str) -> Mapping[str, AsyncIterator[bytes]]:
    return {}


async def _goes_with_the_account(tx: Transaction, user_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, what it holds as JSON, and its files by their names."""

    name: str
    collect: Collect
    files: Files = _no_files
    # What the row of the person does not take along when it goes.
    forget: Forget = _goes_with_the_account


@dataclass(frozen=True, slots=True)
class Belongings:
    parts: Sequence[Part] = field(default=())

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if len(names) != len(set(names)):
            raise ValueError("two parts of one name would be one file")

    async def forget(self, tx: Transaction, user_id: str) -> None:
        for part in self.parts:
            await part.forget(tx, user_id)
