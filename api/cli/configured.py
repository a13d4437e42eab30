"""What every command that needs the configuration begins with."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.configuration import Configuration


def configured(**given: Any) -> "Configuration":
    """The configuration; from here on the logs go where it wants them, and not among the output."""
    from api.configuration import read_configuration
    from api.logs import configure_logs

    configuration = read_configuration(**given)
    configure_logs(configuration.log_level)
    return configuration
