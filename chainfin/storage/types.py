"""Column types that keep what they are given on both databases."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A counted key: 64 bits on both (SQLite counts only a column that is called INTEGER, whose values have 64 bits)."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite drops the zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def storable(text: str) -> str:
    """A stranger's text as both databases can keep it: PostgreSQL takes no NUL, so it is shown as U+FFFD."""
    return text.replace("\0", "\ufffd")


def new_id(prefix: str) -> str:
    """``<prefix>_<48 bits of time><64 random bits>`` in hex: unique, unguessable, in the order of making."""
    return f"{prefix}_{int(time.time() * 1000):012x}{secrets.token_hex(8)}"
