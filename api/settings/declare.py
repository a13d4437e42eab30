"""How a setting is declared: a feature names it, bounds it and says what it is for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

SettingType = Literal["bool", "int", "choice", "text"]
Value = bool | int | str
V = TypeVar("V", bool, int, str)


class WrongValue(ValueError):
    """The value does not fit the setting; the message says what would."""


@dataclass(frozen=True, slots=True)
class Setting(Generic[V]):
    name: str
    type: SettingType
    default: V
    description: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> V:
        """The value, if this setting can have it."""
        if type(value) is not type(self.default):
            raise WrongValue(f"is not {_KINDS[self.type]}")
        checked: V = cast("Any", value)
        if isinstance(checked, str):
            self._check_text(checked)
        elif self.type == "int":
            self._check_bounds(checked)
        return checked

    def _check_bounds(self, value: int) -> None:
        if self.minimum is not None and value < self.minimum:
            raise WrongValue(f"is less than {self.minimum}")
        if self.maximum is not None and value > self.maximum:
            raise WrongValue(f"is more than {self.maximum}")

    def _check_text(self, value: str) -> None:
        if self.choices and value not in self.choices:
            raise WrongValue(f"is none of {', '.join(self.choices)}")
        if self.maximum is not None and len(value) > self.maximum:
            raise WrongValue(f"is longer than {self.maximum} characters")


_KINDS: dict[SettingType, str] = {
    "bool": "true or false",
    "int": "a whole number",
    "choice": "one of its choices",
    "text": "a text",
}


def whole_number(
    name: str, *, default: int, minimum: int, maximum: int, description: str
) -> Setting[int]:
    return Setting(name, "int", default, description, minimum=minimum, maximum=maximum)


def switch(name: str, *, default: bool, description: str) -> Setting[bool]:
    return Setting(name, "bool", default, description)


def choice(name: str, *, default: str, choices: tuple[str, ...], description: str) -> Setting[str]:
    return Setting(name, "choice", default, description, choices=choices)


def text(name: str, *, default: str, longest: int, description: str) -> Setting[str]:
    return Setting(name, "text", default, description, maximum=longest)


AnySetting = Setting[bool] | Setting[int] | Setting[str]


class Catalogue:
    """All settings of this server, by name."""

    def __init__(self, settings: Iterable[AnySetting]) -> None:
        self._settings: dict[str, AnySetting] = {}
        for setting in settings:
            if setting.name in self._settings:
                raise ValueError(f"the setting {setting.name} is declared twice")
            self._settings[setting.name] = setting

    def __iter__(self) -> Iterator[AnySetting]:
        return iter(self._settings.values())

    def find(self, name: str) -> AnySetting | None:
        return self._settings.get(name)
