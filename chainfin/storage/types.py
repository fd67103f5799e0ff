"""Column types that keep what they are given on both databases."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.types import TypeDecorator

from chainfin.values import payment_reference

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


def paid_under(kind: payment_reference.Kind) -> Callable[[DefaultExecutionContext], str]:
    """What a new row's column ``reference`` holds: the reference under which it is paid, made of its id."""

    def made(context: DefaultExecutionContext) -> str:
        row: dict[str, str] = context.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        return payment_reference.of(kind, row["id"])

    return made
