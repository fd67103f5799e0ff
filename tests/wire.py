"""A client's way to a running service, where a test can lose, refuse and alter what goes over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

Alter = Callable[[str, Any], Any]
"""Path and JSON answer → the answer that the client gets."""


class Wire(httpx.BaseTransport):
    """``seen``: method and path of each request that got through."""

    def __init__(self, alter: Alter = lambda _path, answer: answer) -> None:
        self._inner = httpx.HTTPTransport()
        self.alter = alter
        self.seen: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path))
        answer = self._inner.handle_request(request)
        answer.read()
        if not answer.headers.get("content-type", "").startswith("application/json"):
            return answer
        body = self.alter(request.url.path, json.loads(answer.content))
        return httpx.Response(answer.status_code, json=body, request=request)

    def close(self) -> None:
        self._inner.close()

    def client(self, url: httpx.URL | str) -> httpx.Client:
        return httpx.Client(base_url=url, transport=self, timeout=60.0, trust_env=False)
