"""Locks that a transaction holds to its end, for what has no row to lock yet.

On SQLite a write transaction excludes every other one already; on PostgreSQL these are advisory locks. To keep
transactions from waiting for each other in a circle all take them in one order: `BOOK`, then `PROJECTION`, then an
asset's offers, then rows (assets, pledges, applications, loans, limits; counters of nonces last).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, select

BOOK = "book"
"""Held by whoever posts to the journal: its hash chain has one end."""
PROJECTION = "projection"
"""Held by the indexer while it takes blocks in; shared by decisions, whose facts must be those of one block."""

M = TypeVar("M", bound=SQLModel)


def named(session: Session, name: str, *, shared: bool = False) -> None:
    """Wait for ``name`` and hold it until the transaction ends. ``shared`` holders don't exclude one another."""
    if _dialect(session) != "postgresql":
        return
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    session.exec(select(take(key)))


def row(session: Session, model: type[M], key: Mapping[str, object], defaults: Mapping[str, object]) -> M:
    """The row of ``key``, locked; made with ``defaults`` if there is none, by whichever transaction comes first."""
    identity = tuple(key.values())
    found = session.get(model, identity, with_for_update=True)
    if found is not None:
        return found
    insert = postgresql.insert if _dialect(session) == "postgresql" else sqlite.insert
    session.exec(insert(model).values(**key, **defaults).on_conflict_do_nothing())
    return session.get_one(model, identity, with_for_update=True)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
