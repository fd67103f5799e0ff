"""What a client does, told as steps, so that it is written once for programs that wait and for those that await.

A `Flow` is a generator that yields a `Send` or a `Pause`, is given what came of it, and returns its result. `Client`
and `AsyncClient` carry the steps out.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request. Comes back with its `httpx.Response`, or raises `httpx.RequestError` in the flow."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any] | None

    @property
    def arguments(self) -> dict[str, Any]:
        """As httpx takes them."""
        return {
            "method": self.method,
            "url": self.path,
            "headers": dict(self.headers),
            "params": dict(self.query) or None,
            "json": None if self.body is None else dict(self.body),
        }


@dataclass(frozen=True, slots=True)
class Pause:
    """Let some time pass, in seconds. Comes back with None."""

    seconds: float


Flow: TypeAlias = Generator[Send | Pause, Any, T]
