"""What a participant does outside, where a sandbox plays the outside: it pays by its bank, reads its statement, lets
its figures be read. With a real partner each of these is refused: there it is done at the partner."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request

from api import idempotency
from api.auth import Acting, Ctx
from api.route import OnceRoute
from api.schemas.sandbox import (
    SandboxConsentIn,
    SandboxConsentOut,
    SandboxPaymentIn,
    SandboxPaymentOut,
    SandboxStatementOut,
)
from chainfin.connectors.sandbox import Played
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import admission
from chainfin.services.views.parties import PartyView, PrivateView

router = APIRouter(prefix="/v1/sandbox", tags=["sandbox"], route_class=OnceRoute)
_CONSENT = timedelta(days=30)


@router.post("/payments", status_code=201, responses={409: {}})
def pay(request: Request, ctx: Ctx, actor: Acting, body: SandboxPaymentIn) -> SandboxPaymentOut:
    """Pay from one's own account, as a payment instruction says.

    Raises Conflict sandbox_only; Forbidden role_missing: the operator has no account.
    """
    world = _played(request).acting_on("bank")
    party, private = _self(ctx, actor)
    # asked again with the same key, also after a crash, the bank pays once
    key = f"{party.id} {request.headers[idempotency.HEADER]}"
    booked = world.pays(
        hashlib.sha256(key.encode()).hexdigest(),
        body.amount.money("/amount/amount"),
        payer_account=private.account,
        payer_name=party.name,
        payee_account=body.account,
        remittance=body.reference,
    )
    return SandboxPaymentOut.of(booked)


@router.get("/statement", responses={409: {}})
def read_statement(request: Request, ctx: Ctx, actor: Acting) -> SandboxStatementOut:
    """What was paid to and from one's own account. Raises as `pay`."""
    world = _played(request).acting_on("bank")
    return SandboxStatementOut.of(world.statement(_self(ctx, actor)[1].account))


@router.post("/consents", status_code=201, responses={409: {}})
def consent(request: Request, ctx: Ctx, actor: Acting, body: SandboxConsentIn) -> SandboxConsentOut:
    """Let one's own figures be read for thirty days; the sandbox makes them up. Raises as `pay`."""
    world = _played(request).acting_on("data")
    until = ctx.clock.today() + _CONSENT
    token = world.consents(_self(ctx, actor)[1].legal_value, tuple(body.sources), until)
    return SandboxConsentOut(token=token, sources=body.sources, valid_until=until)


def _played(request: Request) -> Played:
    return cast(Played, request.app.state.played)


def _self(ctx: Context, actor: Actor) -> tuple[PartyView, PrivateView]:
    party = admission.get(ctx, actor, actor.require())
    assert party.private is not None, "a party sees itself"
    return party, party.private
