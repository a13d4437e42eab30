"""Feature flags: settings that change the contract, and that end when the change is everybody's."""

from api.configuration import Configuration
from api.failure import WrongConfiguration
from api.settings.declare import Setting, switch

_FLAGS = {
    "billing": "Plans, subscriptions and payments, under /admin/billing.",
    "guests": "People without an account may enter watch rooms, by approval or password.",
}


def flags(configuration: Configuration) -> list[Setting[bool]]:
    """Every flag, off unless HEARTH_FEATURES names it; what an admin sets wins over both."""
    unknown = set(configuration.features) - _FLAGS.keys()
    if unknown:
        raise WrongConfiguration(
            f"HEARTH_FEATURES names {', '.join(sorted(unknown))}, which is no feature;"
            f" there are {', '.join(_FLAGS)}"
        )
    return [
        switch(f"feature.{name}", default=name in configuration.features, description=description)
        for name, description in _FLAGS.items()
    ]
