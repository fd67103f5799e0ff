"""Cursor pagination: an opaque cursor names the last thing of the page before; a page has at most 200."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from chainfin.errors import BadInput

MAX_LIMIT = 200
DEFAULT_LIMIT = 50

Row = TypeVar("Row")
Item = TypeVar("Item", bound=BaseModel)


class Page(BaseModel, Generic[Item]):
    """One page; ``next`` is the cursor of the following one, absent at the end."""

    items: list[Item]
    next: str | None = Field(default=None, description="pass as ?cursor= for the following page")


class Window(BaseModel):
    """Where a page begins (after the thing with this id) and how many things it may hold."""

    after: str
    limit: int


def _window(
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Window:
    return Window(after="" if cursor is None else decode(cursor), limit=limit)


Paged = Annotated[Window, Depends(_window)]


def page(
    window: Window, fetch: Callable[[str, int], Sequence[Row]], shape: Callable[[Row], Item], key: Callable[[Row], str]
) -> Page[Item]:
    """Fetch one more than asked for: if it comes, there is a following page."""
    rows = fetch(window.after, window.limit + 1)
    kept = rows[: window.limit]
    following = encode(key(kept[-1])) if len(rows) > window.limit else None
    return Page(items=[shape(row) for row in kept], next=following)


def encode(after: str) -> str:
    return base64.urlsafe_b64encode(b"1" + after.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """Raises BadInput cursor_invalid."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = raw.decode()
    except (binascii.Error, UnicodeError, ValueError):
        text = ""
    if not text.startswith("1") or not text.isprintable():
        raise _invalid()
    return text[1:]


def number(after: str) -> int:
    """The decoded cursor of a list whose key is a number. Raises BadInput cursor_invalid."""
    if after and not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise _invalid()
    return int(after or 0)


def _invalid() -> BadInput:
    return BadInput("cursor_invalid", "the cursor is not one that was given out here", where="query:cursor")
