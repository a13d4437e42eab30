"""The rules of changing settings."""

from collections.abc import Collection, Mapping
from typing import Any

from api.access import Viewer
from api.errors import Detail, PreconditionFailed, ValidationFailed
from api.settings.declare import Catalogue, WrongValue
from store import settings as stored
from store.database import Transaction


async def change(
    tx: Transaction,
    catalogue: Catalogue,
    viewer: Viewer,
    values: Mapping[str, Any],
    *,
    expected_versions: Collection[int] | None,
) -> stored.Changed:
    """All of the values, or none: a wrong one changes nothing.

    What is as it was is not stored: a form that is sent back whole must not pin every default. With
    `expected_versions` it happens on top of one of these only.
    """
    _check(catalogue, values)
    await stored.lock(tx)
    if expected_versions is not None and await stored.version(tx) not in expected_versions:
        raise PreconditionFailed("Somebody else changed the settings. Look at them again first.")
    before = await stored.read(tx)
    defaults = {setting.name: setting.default for setting in catalogue}
    present = {**defaults, **before.values}
    changed = {name: value for name, value in values.items() if value != present[name]}
    if not changed:
        return before
    await stored.write(tx, changed, by=viewer.user_id)
    replaced = {name: present[name] for name in changed}
    tx.audit("settings.change", "settings", None, before=replaced, after=changed)
    return await stored.read(tx)


def _check(catalogue: Catalogue, values: Mapping[str, Any]) -> None:
    details: list[Detail] = []
    for name, value in values.items():
        setting = catalogue.find(name)
        if setting is None:
            details.append(Detail(f"settings.{name}", "is not a setting of this server"))
            continue
        try:
            setting.check(value)
        except WrongValue as wrong:
            details.append(Detail(f"settings.{name}", str(wrong)))
    if details:
        fields = ", ".join(detail.field for detail in details)
        raise ValidationFailed(f"Nothing was changed. Look again at: {fields}.", details=details)
