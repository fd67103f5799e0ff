"""Nothing unbounded comes in: a body is read up to a limit before anything else looks at it."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import language_of, problem

MAX_BODY_BYTES = 6 * 1024 * 1024
"""A trade document of 5 MB, quoted as a JSON string, and its envelope."""


class BodyLimit:
    """ASGI middleware: reads the body whole up to the limit and hands it on, or answers 413 body_too_large.

    FastAPI's own limit interrupts the route in the middle; read up front, a too large body never starts anything.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > self.limit:
            await self._refuse(scope, receive, send)
            return
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self.limit:
                await self._refuse(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        await self.app(scope, _replay(b"".join(chunks), receive), send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
        answer = problem(
            413,
            "body_too_large",
            f"a body has at most {self.limit} bytes",
            details={"limit_bytes": self.limit},
            headers={"Connection": "close"},
            language=language_of(asked.decode("latin-1")),
        )
        await answer(scope, receive, send)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
