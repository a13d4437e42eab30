"""What the settings are right now, in this process's memory."""

from collections.abc import Mapping
from typing import Any, TypeVar

import structlog

from api.settings.declare import Catalogue, Setting, WrongValue
from store import settings as stored
from store.database import Database

V = TypeVar("V", bool, int, str)
_logger = structlog.get_logger("hearth.admin")


class LiveSettings:
    """Read on every request, so it never waits: `refresh` brings it up to date from outside."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.version = 0
        self._values: dict[str, Any] = {setting.name: setting.default for setting in catalogue}

    def __getitem__(self, setting: Setting[V]) -> V:
        value: V = self._values[setting.name]
        return value

    def flag(self, name: str) -> bool:
        return bool(self._values.get(f"feature.{name}"))

    def values(self) -> Mapping[str, Any]:
        return self._values

    async def refresh(self, db: Database) -> None:
        async with db.read() as reading:
            if await stored.version(reading) == self.version:
                return
            self.apply(await stored.read(reading))

    def apply(self, changed: stored.Changed) -> None:
        if changed.version < self.version:
            return  # read before what is known already: two changes crossed on their way here
        values: dict[str, Any] = {}
        for setting in self.catalogue:
            values[setting.name] = setting.default
            if setting.name in changed.values:
                try:
                    values[setting.name] = setting.check(changed.values[setting.name])
                except WrongValue as wrong:
                    # Stored by a release whose bounds were others: the default is safe.
                    _logger.warning(
                        "setting_out_of_bounds", setting=setting.name, problem=str(wrong)
                    )
        self._values, self.version = values, changed.version
