"""Every table, gathered: what migrations compare the database with."""

from store import (
    audit,
    families,
    games,
    idempotency,
    identities,
    jobs,
    keys,
    master_keys,
    media,
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
    "audit",
    "families",
    "games",
    "idempotency",
    "identities",
    "jobs",
    "keys",
    "master_keys",
    "media",
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
