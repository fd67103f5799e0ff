"""Around every request: its id, one line in the log, its metrics and its span."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainfin.runtime.log_setup import bound
from chainfin.runtime.metrics import Metrics
from chainfin.runtime.tracing import Tracing

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked all day by machines: no line in the log, unless they fail."""

_log = structlog.get_logger("api")


class Observe:
    """The outermost middleware. The caller's request id is kept if it is a plain one, else a new one is given."""

    def __init__(self, app: ASGIApp, metrics: Metrics | None, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        request_id = _request_id(scope)
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        begun = time.perf_counter()
        with bound(request_id=request_id), self._tracing.span("http", request_id=request_id):
            try:
                await self._app(scope, receive, noted)
            finally:
                self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        # a method is text from outside too
        method = scope["method"] if scope["method"] in _METHODS else "other"
        if self._metrics is not None:
            self._metrics.request(method, route, status, seconds)
        if route not in _PROBES or status >= 400:
            ids = {name: value for name, value in scope.get("path_params", {}).items() if _ID.fullmatch(str(value))}
            signed_in = scope.get("state", {}).get("signed_in")
            party = None if signed_in is None else signed_in.actor.party_id
            with bound(party_id=party):
                _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000), **ids)


_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_BOUND = ("application_id", "act_id")


def bind_path_ids(request: Request) -> None:
    """From here on every line of this request names the application or act that its path names."""
    ids = {name: value for name, value in request.path_params.items() if name in _BOUND and _ID.fullmatch(str(value))}
    structlog.contextvars.bind_contextvars(**ids)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(HEADER, "")
    return given if _ACCEPTED.fullmatch(given) else secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """The route's template; paths that no route has are one, so that nobody can make labels up."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", None) or "unknown")
