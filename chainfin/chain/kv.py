"""A key-value store in one SQLite file, under the embedded chain.

Writes are staged in memory and become durable together in `commit` (synchronous=FULL): a block with its state,
receipts and head pointer is there wholly or not at all, whatever kills the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth.abc import AtomicWriteBatchAPI
from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB
from lru import LRU

from chainfin.errors import Unavailable

_CACHE_ENTRIES = 200_000
HEAD = b"v1:canonical_head_hash"
"""py-evm's key of the newest block: the only value that changes once it is written."""


class SqliteStore(BaseAtomicDB):
    """py-evm's database over SQLite. Not thread-safe by itself: the node holds its lock around every use."""

    def __init__(self, path: Path) -> None:
        self._staged: dict[bytes, bytes | None] = {}
        self._cache: LRU[bytes, bytes] = LRU(_CACHE_ENTRIES)
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        except sqlite3.Error as error:
            raise Unavailable(
                "chain_store_broken", f"the chain's file can't be opened: {error}", where=str(path)
            ) from None

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._staged:
            value = self._staged[key]
            if value is None:
                raise KeyError(key)
            return value
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        row = self._db.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        found: bytes = row[0]
        if key != HEAD:  # a reader beside the writer has to see the head move
            self._cache[key] = found
        return found

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._staged[bytes(key)] = bytes(value)

    def __delitem__(self, key: bytes) -> None:
        self._staged[bytes(key)] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    @contextmanager
    def atomic_batch(self) -> Iterator[AtomicWriteBatchAPI]:
        with AtomicDBWriteBatch._commit_unless_raises(self) as batch:
            yield batch

    def commit(self) -> None:
        """Make all staged writes durable in one transaction."""
        writes = [(k, v) for k, v in self._staged.items() if v is not None]
        deletes = [(k,) for k, v in self._staged.items() if v is None]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)", writes)
            self._db.executemany("DELETE FROM kv WHERE key = ?", deletes)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._staged.clear()
            raise Unavailable("chain_store_broken", f"the chain's file can't be written: {error}") from None
        for key, value in writes:
            if key != HEAD:
                self._cache[key] = value
        for (key,) in deletes:
            self._cache.pop(key, None)
        self._staged.clear()

    def rollback(self) -> None:
        """Forget all staged writes."""
        self._staged.clear()

    def close(self) -> None:
        self._db.close()
