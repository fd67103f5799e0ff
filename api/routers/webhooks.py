"""Webhooks: a party is told of what moves by a call to an address of its own."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, number, page
from api.route import Route
from api.schemas.common import Id
from api.schemas.webhooks import DeliveryOut, TellAgainIn, ToldAgain, WebhookIn, WebhookOut, WebhookWithSecret
from chainfin.connectors.webhooks import unless_private
from chainfin.services.parties import webhooks

# An Idempotency-Key would only make the service keep the secrets that it shows; the rest may be said twice.
router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=Route)


@router.post("", status_code=201)
def create(ctx: Ctx, actor: Acting, body: WebhookIn) -> WebhookWithSecret:
    """Have an address called when something of the party moves. Every call is signed (Standard Webhooks) with the
    secret that is shown now and never again; its body is a CloudEvent."""
    if not ctx.private_webhooks:
        unless_private(body.url)
    made, secret = webhooks.create(ctx, actor, url=body.url, events=body.events)
    return WebhookWithSecret(**WebhookOut.of(made).model_dump(), secret=secret)


@router.get("")
def list_webhooks(ctx: Ctx, actor: Acting, window: Paged) -> Page[WebhookOut]:
    """The party's addresses, in the order of making."""
    return page(
        window,
        lambda after, limit: webhooks.list_(ctx, actor, after=after, limit=limit),
        WebhookOut.of,
        lambda seen: seen.id,
    )


@router.get("/{webhook_id}")
def get_webhook(ctx: Ctx, actor: Acting, webhook_id: Id) -> WebhookOut:
    """One webhook address, by its id."""
    return WebhookOut.of(webhooks.get(ctx, actor, webhook_id))


@router.delete("/{webhook_id}", status_code=204)
def delete(ctx: Ctx, actor: Acting, webhook_id: Id) -> Response:
    """Forget an address."""
    webhooks.delete(ctx, actor, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", status_code=200)
def rotate(ctx: Ctx, actor: Acting, webhook_id: Id) -> WebhookWithSecret:
    """Give it another secret, shown this once. For a day calls carry the old one's signature too."""
    made, secret = webhooks.rotate(ctx, actor, webhook_id)
    return WebhookWithSecret(**WebhookOut.of(made).model_dump(), secret=secret)


@router.post("/{webhook_id}/disable", status_code=200)
def disable(ctx: Ctx, actor: Acting, webhook_id: Id) -> WebhookOut:
    """Send nothing to it."""
    return WebhookOut.of(webhooks.switch(ctx, actor, webhook_id, on=False))


@router.post("/{webhook_id}/enable", status_code=200)
def enable(ctx: Ctx, actor: Acting, webhook_id: Id) -> WebhookOut:
    """Send to it again, from now on; what it missed is asked for with /replay."""
    return WebhookOut.of(webhooks.switch(ctx, actor, webhook_id, on=True))


@router.post("/{webhook_id}/replay", status_code=200)
def replay(ctx: Ctx, actor: Acting, webhook_id: Id, body: TellAgainIn) -> ToldAgain:
    """Send it again what the party was told since then: same ids, so that what was taken already is known."""
    return ToldAgain(events=webhooks.tell_again(ctx, actor, webhook_id, body.since))


@router.get("/{webhook_id}/deliveries")
def list_deliveries(ctx: Ctx, actor: Acting, webhook_id: Id, window: Paged) -> Page[DeliveryOut]:
    """What was sent to an address, in order, and what became of it."""
    return page(
        window,
        lambda after, limit: webhooks.deliveries(ctx, actor, webhook_id, after=number(after), limit=limit),
        DeliveryOut.of,
        lambda seen: str(seen.number),
    )
