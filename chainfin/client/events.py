"""Server-sent events, line by line."""

from __future__ import annotations

import json
from typing import Any

import httpx

from chainfin.client.problem import ApiProblem
from chainfin.errors import Unavailable


def unless_refused(stream: httpx.Response, body: bytes) -> None:
    """Raises ApiProblem: it is no stream, but a problem with this ``body``."""
    if stream.is_error:
        raise ApiProblem.of(httpx.Response(stream.status_code, headers=stream.headers, content=body))


def broken(path: str, error: httpx.RequestError) -> Unavailable:
    """The stream didn't come, or broke off."""
    return Unavailable("service_unreachable", f"the events of {path} broke off: {error or type(error).__name__}")


class Reader:
    """Puts the lines of one stream together."""

    def __init__(self) -> None:
        self._name = ""

    def feed(self, line: str) -> tuple[str, dict[str, Any]] | None:
        """The event (name, data) that ends with this line, if one does."""
        if line.startswith("event: "):
            self._name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return self._name, json.loads(line.removeprefix("data: "))
        return None
