"""Every table, gathered: what migrations compare the database with."""

from store import (
    families,
    idempotency,
    identities,
    jobs,
    keys,
    oauth_flows,
    oauth_tickets,
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
    "identities",
    "jobs",
    "keys",
    "metadata",
    "oauth_flows",
    "oauth_tickets",
    "refresh_tokens",
    "reset_links",
    "second_factors",
    "sessions",
    "settings",
    "setup_link",
    "users",
]

metadata = Base.metadata
