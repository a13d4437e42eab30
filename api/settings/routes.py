"""Settings and feature flags over HTTP."""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.hdrs import ETAG, IF_MATCH

from api.access import ADMINS
from api.errors import Code
from api.idempotency import begin
from api.keys import SETTINGS, VIEWER
from api.routing import OPEN, Answer, Endpoints
from api.settings import service
from api.settings.live import LiveSettings
from api.settings.schemas import ChangeSettings, FeaturesOut, SettingOut, SettingsOut
from api.versions import VERSIONS

endpoint = Endpoints("Settings")

_VERSION_TAG = re.compile(r'\s*"([0-9]{1,18})"\s*', re.ASCII)


@endpoint.get("/features", returns=FeaturesOut, roles=OPEN)
async def read_features(request: web.Request) -> FeaturesOut:
    """What this server offers.

    Each feature flag and whether it is on, and the versions of the contract that are served.
    """
    settings = request.app[SETTINGS]
    flags = {
        setting.name.removeprefix("feature."): settings.flag(setting.name.removeprefix("feature."))
        for setting in settings.catalogue
        if setting.name.startswith("feature.")
    }
    return FeaturesOut(features=flags, api_versions=list(VERSIONS))


@endpoint.get("/admin/settings", returns=SettingsOut, roles=ADMINS, while_setting_up=True)
async def read_settings(request: web.Request) -> Answer:
    """All settings, with their values, defaults and bounds.

    The `ETag` names the version; send it back as `If-Match` to change what was seen and no other.
    """
    settings = request.app[SETTINGS]
    return _answer(settings, settings.values(), settings.version)


@endpoint.put(
    "/admin/settings",
    body=ChangeSettings,
    returns=SettingsOut,
    roles=ADMINS,
    while_setting_up=True,
    refuses=(Code.PRECONDITION_FAILED,),
)
async def change_settings(request: web.Request, body: ChangeSettings) -> Answer:
    """Change the settings that are named.

    They take effect on every server within two seconds. An unknown name or a value out of bounds
    changes nothing.
    """
    settings = request.app[SETTINGS]
    async with begin(request) as tx:
        changed = await service.change(
            tx,
            settings.catalogue,
            request[VIEWER],
            body.settings,
            expected_versions=_expected_versions(request),
        )
    settings.apply(changed)
    return _answer(settings, settings.values(), settings.version)


def _expected_versions(request: web.Request) -> set[int] | None:
    """The versions that `If-Match` lists; None: any will do (RFC 9110, 13.1.1)."""
    tags = ",".join(request.headers.getall(IF_MATCH, ["*"])).strip()
    if tags == "*":
        return None
    # A weak tag (W/"7") is nobody's here: what is only alike must not be overwritten.
    return {int(found[1]) for tag in tags.split(",") if (found := _VERSION_TAG.fullmatch(tag))}


def _answer(settings: LiveSettings, values: Mapping[str, Any], version: int) -> Answer:
    body = SettingsOut(
        settings=[
            SettingOut(
                name=setting.name,
                type=setting.type,
                value=values[setting.name],
                default=setting.default,
                minimum=setting.minimum,
                maximum=setting.maximum,
                choices=list(setting.choices) or None,
                description=setting.description,
            )
            for setting in settings.catalogue
        ],
        version=version,
    )
    return Answer(body, headers={ETAG: f'"{version}"'})
