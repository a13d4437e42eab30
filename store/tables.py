"""Every table, gathered: what migrations compare the database with."""

from store import idempotency, jobs, keys, settings, setup_link
from store.schema import Base

__all__ = ["idempotency", "jobs", "keys", "metadata", "settings", "setup_link"]

metadata = Base.metadata
