"""Faults on demand, for tests: what a network or a partner can do to a call, before or after it has taken effect.

A fault comes with a request (header ``X-Sandbox-Fault: drop_after``) or from a rule that catches the next calls.
Only a sandbox that was started with ``faults=True`` listens to either.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainfin.connectors.signature import HEADER

FAULT_HEADER = b"x-sandbox-fault"


class Fault(StrEnum):
    """``before``: the request has no effect. ``after``: it took effect, and the answer suffers."""

    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    DELAY_BEFORE = "delay_before"
    DELAY_AFTER = "delay_after"
    BAD_SIGNATURE = "bad_signature"
    PENDING = "pending"


@dataclass(slots=True)
class Rule:
    """Catch the next ``times`` calls of ``method`` under ``prefix``; ``delay_s`` for the two delays."""

    fault: Fault
    prefix: str = "/"
    method: str = "*"
    times: int = 1
    delay_s: float = 0.0


class FaultRules:
    """The rules in force, first match first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, method: str, path: str) -> Rule | None:
        """The rule that catches this call, used up by one."""
        with self._lock:
            for rule in self._rules:
                if rule.times > 0 and rule.method in ("*", method) and path.startswith(rule.prefix):
                    rule.times -= 1
                    return rule
        return None


class FaultMiddleware:
    """Plain ASGI: holds the whole answer back until it is decided what becomes of it."""

    def __init__(self, app: ASGIApp, rules: FaultRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = self._rule(scope) if scope["type"] == "http" else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        if rule.fault is Fault.DELAY_BEFORE:
            await asyncio.sleep(rule.delay_s)
        if rule.fault is Fault.DROP_BEFORE:
            await _drop(send)
        elif rule.fault is Fault.ERROR_BEFORE:
            await _error(send)
        else:
            scope.setdefault("state", {})["pending"] = rule.fault is Fault.PENDING
            await self._after(rule, scope, receive, send)

    async def _after(self, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        if rule.fault is Fault.DELAY_AFTER:
            await asyncio.sleep(rule.delay_s)
        if rule.fault is Fault.DROP_AFTER:
            await _drop(send)
        elif rule.fault is Fault.ERROR_AFTER:
            await _error(send)
        else:
            for message in held:
                if rule.fault is Fault.BAD_SIGNATURE and message["type"] == "http.response.start":
                    message = _spoilt(message)  # noqa: PLW2901 - the spoilt one goes out in its place
                await send(message)

    def _rule(self, scope: Scope) -> Rule | None:
        for name, value in scope["headers"]:
            if name == FAULT_HEADER:
                fault, _, delay = value.decode().partition("=")
                return Rule(Fault(fault), delay_s=float(delay or 0))
        return self._rules.take(scope["method"], scope["path"])


async def _drop(send: Send) -> None:
    """An answer begun and never finished: the server closes the connection, the client reads an end too early."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


async def _error(send: Send) -> None:
    await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def _spoilt(message: Message) -> Message:
    """The signature of another answer: well-formed, by the right key's name, and wrong."""
    name = HEADER.encode()
    headers = []
    for key, value in message["headers"]:
        prefix, separator, encoded = value.rpartition(b".")
        flipped = (b"B" if encoded[:1] == b"A" else b"A") + encoded[1:]
        headers.append((key, prefix + separator + flipped) if key == name else (key, value))
    return {**message, "headers": headers}
