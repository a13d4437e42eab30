"""SQLAlchemy's suite for dialects, run against `postgresql+aiopg`."""

from typing import Any

from sqlalchemy.testing.suite import *  # noqa: F403  the tests themselves
from sqlalchemy.testing.suite import ServerSideCursorsTest as _ServerSideCursorsTest


class ServerSideCursorsTest(_ServerSideCursorsTest):  # type: ignore[no-redef]  # in its place
    def _is_server_side(self, cursor: Any) -> bool:
        # The suite knows this attribute for the drivers that it lists by name only.
        return bool(cursor.server_side)
