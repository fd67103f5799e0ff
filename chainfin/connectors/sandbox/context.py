"""What the three routers share: the store, the key, the clock; how an answer or a no is signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request, Response
from pydantic import BaseModel

from chainfin.connectors.sandbox.store import SandboxStore
from chainfin.connectors.signature import HEADER
from chainfin.connectors.wire import Problem
from chainfin.jws import sign


class SandboxError(Exception):
    """A definite no, answered with this status and a signed `Problem`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Context:
    """One running sandbox."""

    store: SandboxStore
    key: Ed25519PrivateKey
    now: Callable[[], datetime]

    def answer(self, body: BaseModel, status: int = 200) -> Response:
        """``body`` as JSON, signed."""
        content = body.model_dump_json().encode()
        return Response(content, status, {HEADER: sign(self.key, content)}, "application/json")

    def problem(self, request: Request, error: SandboxError) -> Response:
        """The signed no to this very request."""
        path = request.scope["raw_path"].decode()
        about = f"{request.method} {path}"
        return self.answer(Problem(about=about, code=error.code, message=error.message), error.status)


def reference(prefix: str, *parts: str) -> str:
    """A reference that is the same for the same parts; "SB" tells it from any real one."""
    digest = hashlib.sha256("\x00".join(parts).encode()).hexdigest()
    return f"SB{prefix}{digest[:20].upper()}"
