"""Hearth's embedded PostgreSQL: made, started, stopped and upgraded."""

from store.embedded.cluster import Cluster
from store.embedded.errors import ClusterError, ClusterInUse

__all__ = ["Cluster", "ClusterError", "ClusterInUse"]
