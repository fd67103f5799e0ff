"""The three partners put together as one ASGI application."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from chainfin.connectors.sandbox.context import Context, SandboxError
from chainfin.connectors.sandbox.data import data_router
from chainfin.connectors.sandbox.faults import Fault, FaultMiddleware, FaultRules, Rule
from chainfin.connectors.sandbox.rail import rail_router
from chainfin.connectors.sandbox.registry import registry_router
from chainfin.connectors.sandbox.statement import statement_router


class Metadata(BaseModel):
    """Who is speaking: the Ed25519 public key (hex) that signs all three partners' answers."""

    kind: str = "sandbox"
    public_key: str


class FaultOrder(BaseModel):
    fault: Fault
    prefix: str = "/"
    method: str = "*"
    times: int = 1
    delay_s: float = 0.0


def create_app(context: Context, rules: FaultRules | None) -> FastAPI:
    """The application; with ``rules`` it also takes orders for faults (tests only)."""
    app = FastAPI(title="chainfin sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(rail_router(context))
    app.include_router(statement_router(context))
    app.include_router(registry_router(context))
    app.include_router(data_router(context))

    def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, SandboxError)
        return context.problem(request, error)

    def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return context.problem(request, SandboxError(422, "request_malformed", f"{place}: {first['msg']}"))

    app.add_exception_handler(SandboxError, refuse)
    app.add_exception_handler(RequestValidationError, malformed)

    @app.get("/sandbox/metadata")
    def metadata() -> Response:
        return context.answer(Metadata(public_key=context.key.public_key().public_bytes_raw().hex()))

    if rules is not None:
        app.add_middleware(FaultMiddleware, rules=rules)

        @app.post("/sandbox/faults")
        def order(body: FaultOrder) -> Response:
            rules.add(Rule(**body.model_dump()))
            return context.answer(body)

    return app
