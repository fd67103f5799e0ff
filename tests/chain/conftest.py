"""The private PostgreSQL of the storage tests: what relays and indexes is run on both databases."""

from tests.storage.conftest import cluster, database_url, postgres_url, store

__all__ = ["cluster", "database_url", "postgres_url", "store"]
