"""The wire of settings and feature flags."""

from typing import Annotated, Any

from pydantic import Field

from api.settings.declare import SettingType
from api.wire import SERVER_MADE, Wire

SettingValue = bool | int | str


class SettingOut(Wire):
    """One setting, with all that a form needs to offer it."""

    name: Annotated[str, Field(examples=["rate_limit_auth"])]
    type: Annotated[SettingType, Field(examples=["int"])]
    value: Annotated[SettingValue, Field(examples=[60])]
    default: Annotated[SettingValue, Field(examples=[60])]
    minimum: Annotated[
        int | None, Field(description="For a text: its least length.", examples=[1])
    ] = None
    maximum: Annotated[
        int | None, Field(description="For a text: its greatest length.", examples=[100_000])
    ] = None
    choices: Annotated[list[str] | None, Field(examples=[None])] = None
    description: Annotated[
        str, Field(examples=["Sign-in attempts a minute, for each address and account."])
    ]


class SettingsOut(Wire):
    """All settings of this server."""

    settings: list[SettingOut]
    version: Annotated[int, SERVER_MADE, Field(description="Rises with each change.", examples=[7])]


class ChangeSettings(Wire):
    """The settings to change, by name; the others stay as they are."""

    settings: Annotated[
        dict[Annotated[str, Field(max_length=100)], Any],
        Field(examples=[{"rate_limit_auth": 60}], max_length=200),
    ]


class FeaturesOut(Wire):
    """What this server offers."""

    features: Annotated[dict[str, bool], Field(examples=[{"billing": False, "guests": False}])]
    api_versions: Annotated[list[str], Field(examples=[["v1"]])]
