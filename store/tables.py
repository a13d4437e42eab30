"""Every table, gathered: what migrations compare the database with."""

from store import (
    families,
    idempotency,
    jobs,
    keys,
    refresh_tokens,
    reset_links,
    second_factors,
    sessions,
    settings,
    setup_link,
    users,
)
from store.schema import Base

__all__ = [
    "families",
    "idempotency",
    "jobs",
    "keys",
    "metadata",
    "refresh_tokens",
    "reset_links",
    "second_factors",
    "sessions",
    "settings",
    "setup_link",
    "users",
]

metadata = Base.metadata
