"""A view made of a row."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

V = TypeVar("V")


def shown(view: type[V], row: object, **more: object) -> V:
    """The view whose fields are the row's fields of the same names, and ``more`` that the row doesn't have."""
    kind: Any = view  # a dataclass, each of them
    return view(**{each.name: getattr(row, each.name) for each in fields(kind) if each.name not in more}, **more)
