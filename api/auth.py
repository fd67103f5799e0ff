"""Who asks: the bearer token of the request, checked against the parties of this moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, cast

import structlog
from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from chainfin.errors import Unauthenticated
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties.signin import SignedIn, SignIn

_READING = ("GET", "HEAD", "OPTIONS")

_bearer = HTTPBearer(auto_error=False, description="a token from /v1/auth/wallet or /v1/auth/token", bearerFormat="JWT")


def identify(request: Request) -> SignedIn:
    """Raises Unauthenticated token_missing, token_invalid, token_expired …; Forbidden party_not_active."""
    known = getattr(request.state, "signed_in", None)
    if isinstance(known, SignedIn):
        return known
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("token_missing", "sign in and send Authorization: Bearer <token>")
    signed_in = signin_of(request).authenticate(token.strip())
    request.state.signed_in = signed_in
    return signed_in


def signin_of(request: Request) -> SignIn:
    signin = cast(SignIn, request.app.state.signin)
    claim = getattr(request.state, "claim", None)
    return signin if claim is None else signin.on(signin.store.witnessed(claim))


def context_of(request: Request) -> Context:
    """The context of this request: what it commits is noted on its claim (see `api.idempotency`)."""
    ctx = cast(Context, request.app.state.ctx)
    claim = getattr(request.state, "claim", None)
    return ctx if claim is None else replace(ctx, store=ctx.store.witnessed(claim))


async def _who(request: Request, _documented: Annotated[object, Depends(_bearer)]) -> SignedIn:
    signed_in = await run_in_threadpool(identify, request)
    # here, not in the thread: what is bound there is forgotten when it ends
    structlog.contextvars.bind_contextvars(party_id=signed_in.actor.party_id or signed_in.actor.kind)
    return signed_in


async def _actor(request: Request, who: Annotated[SignedIn, Depends(_who)]) -> Actor:
    ctx = context_of(request)
    if ctx.real_money and request.method not in _READING:
        await run_in_threadpool(approvals.unless_confirmed, ctx, who.actor)
    return who.actor


Ctx = Annotated[Context, Depends(context_of)]
Signing = Annotated[SignIn, Depends(signin_of)]
Who = Annotated[SignedIn, Depends(_who)]
Acting = Annotated[Actor, Depends(_actor)]
