"""Purchase orders and what follows on them. Each step is an act of the party whose step it is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.parties import ActOut
from api.schemas.trade import AcknowledgementIn, DocumentIn, OrderAct, OrderOut
from chainfin.documents import encoded
from chainfin.services.reads import queries
from chainfin.services.trade import orders

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=OnceRoute)
_SOURCE = "document"


@router.post("", status_code=202)
def post_order(ctx: Ctx, actor: Acting, body: DocumentIn, response: Response) -> OrderAct:
    """The buyer posts its purchase order (UBL Order)."""
    order, act = orders.post_order(ctx, actor, encoded(body.document), _SOURCE)
    response.headers["Location"] = f"/v1/orders/{order.id}"
    return OrderAct(order=OrderOut.of(order), act=ActOut.of(act))


@router.get("")
def list_orders(ctx: Ctx, actor: Acting, window: Paged) -> Page[OrderOut]:
    """Orders to which one is buyer or seller."""
    return page(
        window,
        lambda after, limit: queries.orders(ctx, actor, after=after, limit=limit),
        OrderOut.of,
        lambda seen: seen.id,
    )


@router.get("/{order_id}")
def get_order(ctx: Ctx, actor: Acting, order_id: Id) -> OrderOut:
    """One order, for its buyer and its seller: how much was ordered, sent, received and billed."""
    return OrderOut.of(queries.order(ctx, actor, order_id))


@router.post("/{order_id}/acknowledgement", status_code=202)
def acknowledge(ctx: Ctx, actor: Acting, order_id: Id, body: AcknowledgementIn) -> ActOut:
    """The seller takes the order on (with a UBL OrderResponse, or in one word)."""
    document = None if body.document is None else encoded(body.document)
    return ActOut.of(orders.acknowledge(ctx, actor, order_id, document))


@router.post("/{order_id}/amendment", status_code=202)
def amend(ctx: Ctx, actor: Acting, order_id: Id, body: DocumentIn) -> ActOut:
    """The buyer restates the order; only what is not despatched may change."""
    return ActOut.of(orders.amend(ctx, actor, order_id, encoded(body.document)))


@router.post("/{order_id}/cancellation", status_code=202)
def cancel(ctx: Ctx, actor: Acting, order_id: Id) -> ActOut:
    """The buyer cancels an order of which nothing was despatched."""
    return ActOut.of(orders.cancel(ctx, actor, order_id))


@router.post("/{order_id}/despatches", status_code=202)
def despatch(ctx: Ctx, actor: Acting, order_id: Id, body: DocumentIn) -> ActOut:
    """The seller's despatch advice."""
    return ActOut.of(orders.despatch(ctx, actor, order_id, encoded(body.document)))


@router.post("/{order_id}/receipts", status_code=202)
def receive(ctx: Ctx, actor: Acting, order_id: Id, body: DocumentIn) -> ActOut:
    """The buyer's receipt advice: what really came."""
    return ActOut.of(orders.receive(ctx, actor, order_id, encoded(body.document)))
