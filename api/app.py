"""The HTTP face of one installation: routers, error mapping, idempotency and sign-in put together around a Context."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import openapi, problems
from api.limits import BodyLimit
from api.observe import Observe
from api.routers import all_routers
from api.sse import Commits
from chainfin.connectors.sandbox import Played
from chainfin.runtime.loop import Loop
from chainfin.runtime.metrics import Metrics
from chainfin.runtime.tracing import Tracing
from chainfin.services.kernel.context import Context
from chainfin.services.kernel.idempotency import Idempotency
from chainfin.services.oversight.evidence import Prover
from chainfin.services.oversight.parked import Retry
from chainfin.services.oversight.reconcile_chain import ChainView
from chainfin.services.oversight.reconcile_registry import RegistryView
from chainfin.services.parties.signin import SignIn

Check = Callable[[], None]
"""Raises Unavailable if a part that the service needs doesn't do its work."""

_DESCRIPTION = """Supply-chain finance on a chain that anyone can verify.

Amounts are decimal strings in major units with a currency; times are UTC. Errors are problem details (RFC 9457) with a
stable `code`. Every POST that changes something takes an `Idempotency-Key`. What a party has to sign comes back as an
act with EIP-712 typed data; its signature goes to `/v1/acts/{id}/signature`."""


def create_app(
    ctx: Context,
    *,
    signin: SignIn | None = None,
    ready: Mapping[str, Check] | None = None,
    prover: Prover | None = None,
    chain_view: ChainView | None = None,
    registry_view: RegistryView | None = None,
    loops: Sequence[Loop] = (),
    retries: Mapping[str, Retry] | None = None,
    metrics: Metrics | None = None,
    metrics_token: str | None = None,
    tracing: Tracing | None = None,
    played: Played | None = None,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The application. ``ready``: what /readyz asks besides the database (node, drivers), by name. ``prover``: proves
    transactions to auditors; the views are what a reconciliation compares with. Without them the operations that
    need them answer 503 (prover_missing, views_missing). ``loops``: shown by /readyz. ``retries``: how parked items are
    taken in again, by source. ``played``: the partners that a sandbox plays here, at whom the API lets people act.
    ``metrics_token``: what /metrics takes; None answers this machine alone."""
    app = _routed(_with_pruning(lifespan))
    app.state.ctx = ctx
    app.state.signin = signin or SignIn(ctx)
    app.state.idempotency = Idempotency(ctx.store, ctx.vault)
    app.state.prover = prover
    app.state.views = None if chain_view is None or registry_view is None else (chain_view, registry_view)
    app.state.commits = Commits(ctx.store.on_news)
    app.state.ready = {"database": ctx.store.check_schema, **(ready or {})}
    app.state.loops, app.state.played = loops, played or Played()
    app.state.retries = retries or {}
    app.state.metrics, app.state.metrics_token = metrics, metrics_token
    app.add_middleware(BodyLimit)
    app.add_middleware(Observe, metrics=metrics, tracing=tracing or Tracing(None))
    app.add_exception_handler(HTTPException, problems.handle)
    app.add_exception_handler(Exception, problems.handle)
    return app


def describe() -> dict[str, Any]:
    """The OpenAPI document, without anything that runs."""
    return _routed(None).openapi()


def _routed(lifespan: Lifespan | None) -> FastAPI:
    """Every operation, and /docs with its scripts from here: no browser of an operator asks a stranger for code."""
    app = FastAPIOffline(
        title="chainfin",
        version=version("chainfin"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        static_url="/docs/static",
        swagger_ui_parameters={"validatorUrl": None},  # by default the document is sent to a stranger to be judged
        openapi_url="/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    for router in all_routers():
        app.include_router(router)
    openapi.install(app)
    return app


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def _with_pruning(inner: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        await run_in_threadpool(app.state.idempotency.prune)
        if inner is None:
            yield
        else:
            async with inner(app) as state:
                yield state

    return lifespan
