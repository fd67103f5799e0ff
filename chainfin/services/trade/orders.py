"""Orders and what follows on them: acknowledged, amended, despatched, received. Each act is the party's own."""

from __future__ import annotations

import hashlib
import hmac

from sqlmodel import Session, col, select

from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Document, DocumentKind, References, as_first_read
from chainfin.errors import Conflict, NotFound, Refused, unless_refused
from chainfin.eth.bindings import orders_acts
from chainfin.eth.bindings.base import Act
from chainfin.rules import order as rules
from chainfin.rules.act import UNDER_WAY, ActState
from chainfin.services.kernel import acts, attestations
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.trade import goods_sent_back, order_state, trade_documents
from chainfin.services.trade.trade_documents import TradeDocument
from chainfin.services.views.acts import ActView
from chainfin.services.views.trade import OrderView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, DocumentRow, OrderRow
from chainfin.values.before_chain import BeforeChain
from chainfin.values.party import Kind


def order_key(ctx: Context, buyer_legal: str, number: str) -> str:
    """The order's id on chain: keyed like an invoice's fingerprint, so that the same order is the same id."""
    message = b"chainfin/order/1" + f"{normalised(buyer_legal)}\0{normalised(number)}".encode()
    return "0x" + hmac.new(ctx.fingerprint_key, message, hashlib.sha256).hexdigest()


def post_order(ctx: Context, actor: Actor, data: bytes, source: str) -> tuple[OrderView, ActView]:
    """The buyer posts its purchase order.

    Raises BadInput document_…; Refused document_party_unknown, seller_is_buyer; Forbidden document_party_foreign,
    party_not_active; Conflict order_exists.
    """
    buyer_id = actor.require()
    document = trade_documents.understand(data, source, DocumentKind.ORDER)
    order = unless_refused(rules.post(document))
    with ctx.store.begin() as session:
        buyer = gate.enter(session, buyer_id, Kind.ORDER)
        trade_documents.must_be(trade_documents.named(session, document.buyer, "buyer"), buyer_id, "buyer")
        seller = gate.active_party(session, trade_documents.named(session, document.seller, "seller").id)
        unless_refused(rules.between(buyer=buyer.id, seller=seller.id))
        order_id = order_key(ctx, buyer.legal_value, document.id)
        standing = session.get(OrderRow, order_id)
        if standing is not None and standing.status != BeforeChain.REFUSED:
            why = f"order {document.id} was posted before ({standing.status}): {order_id}"
            raise Conflict("order_exists", why, order=order_id)
        kept = trade_documents.keep(session, ctx, document, data, seller=seller, buyer=buyer, order_id=order_id)
        row = OrderRow(
            id=order_id,
            cell=ctx.cell,
            number=document.id,
            buyer_id=buyer.id,
            seller_id=seller.id,
            document_id=kept.row.id,
            currency=order.currency,
            ordered=order.ordered,
            created_at=ctx.clock.now(),
        )
        row = session.merge(row)
        act = acts.prepare(
            session,
            ctx,
            party=buyer,
            act=orders_acts.Post(
                order_id=order_id,
                seller=acts.chain_number(seller),
                document_root=kept.root,
                amount=order.ordered,
                currency="0x" + order.currency.encode().hex(),
            ),
            subject=order_id,
            extra={"document_id": kept.row.id},
        )
        return order_state.view(session, row), ActView.of(act)


def acknowledge(
    ctx: Context, actor: Actor, order_id: str, data: bytes | None = None, source: str = "request"
) -> ActView:
    """The seller accepts the order, with its OrderResponse or (``data`` None) without a document.

    The act names the order's state as the seller saw it, by the hash of its steps (its trail). If the buyer amends the
    order meanwhile, the contract refuses the act, and the seller has to look again.
    Raises NotFound order_unknown; BadInput document_…; Refused order_not_accepted, order_state_wrong, goods_unseen, ….
    """
    with ctx.store.begin() as session:
        row, order = for_party(session, actor, order_id, "seller")
        if data is None:
            document = _assent(ctx, order.document)
        else:
            document = trade_documents.understand(data, source, DocumentKind.ORDER_RESPONSE)
        unless_refused(rules.acknowledge(order, document))
        seen = attestations.trail(session, row.id)
        kept = _keep(session, ctx, row, document, data or b"")
        act = orders_acts.Acknowledge(order_id=row.id, document_root=kept.root, trail=seen)
        return _act(session, ctx, row, row.seller_id, act, kept)


def amend(ctx: Context, actor: Actor, order_id: str, data: bytes, source: str = "request") -> ActView:
    """The buyer restates the order; only what is not yet despatched may change.

    Raises NotFound order_unknown; Refused order_changed_after_despatch, amendment_incomplete, ….
    """
    document = trade_documents.understand(data, source, DocumentKind.ORDER, DocumentKind.ORDER_CHANGE)
    with ctx.store.begin() as session:
        row, order = for_party(session, actor, order_id, "buyer")
        after = unless_refused(rules.amend(order, document))
        kept = _keep(session, ctx, row, document, data)
        act = orders_acts.Amend(order_id=row.id, document_root=kept.root, amount=after.ordered)
        return _act(session, ctx, row, row.buyer_id, act, kept)


def cancel(ctx: Context, actor: Actor, order_id: str) -> ActView:
    """The buyer cancels an order of which nothing was despatched. Raises Refused order_changed_after_despatch."""
    with ctx.store.begin() as session:
        row, order = for_party(session, actor, order_id, "buyer")
        unless_refused(rules.cancel(order))
        buyer = session.get_one(PartyRow, row.buyer_id)
        act = orders_acts.Cancel(order_id=row.id)
        return ActView.of(acts.prepare(session, ctx, party=buyer, act=act, subject=row.id))


def despatch(ctx: Context, actor: Actor, order_id: str, data: bytes, source: str = "request") -> ActView:
    """The seller's despatch advice; one that was taken before gives the act that it led to.

    Raises Refused despatch_above_order, unit_mismatch, …; Conflict document_number_reused.
    """
    document = trade_documents.understand(data, source, DocumentKind.DESPATCH_ADVICE)
    with ctx.store.begin() as session:
        row, order = for_party(session, actor, order_id, "seller")
        standing = _taken_before(session, row, document, orders_acts.Despatch.FUNCTION)
        if standing is not None:
            return ActView.of(standing)
        after = unless_refused(rules.despatch(order, document))
        kept = _keep(session, ctx, row, document, data)
        moved = after.despatched - order.despatched
        act = orders_acts.Despatch(order_id=row.id, document_root=kept.root, amount=moved)
        return _act(session, ctx, row, row.seller_id, act, kept)


def receive(ctx: Context, actor: Actor, order_id: str, data: bytes, source: str = "request") -> ActView:
    """The buyer's receipt advice, also of goods that it sends back; one that was taken before gives the act that it led
    to.

    Raises Refused receipt_above_despatch, return_above_received, …; Conflict document_number_reused.
    """
    document = trade_documents.understand(data, source, DocumentKind.RECEIPT_ADVICE)
    with ctx.store.begin() as session:
        row, order = for_party(session, actor, order_id, "buyer")
        standing = _taken_before(session, row, document, orders_acts.ReceiveGoods.FUNCTION)
        if standing is not None:
            return ActView.of(standing)
        after = unless_refused(rules.receive(order, document))
        kept = _keep(session, ctx, row, document, data)
        if goods_sent_back.takes_back(document):
            row.goods_returned = True
            session.add(row)
        moved = after.most_received - order.most_received
        act = orders_acts.ReceiveGoods(order_id=row.id, document_root=kept.root, amount=moved)
        return _act(session, ctx, row, row.buyer_id, act, kept)


def _taken_before(session: Session, row: OrderRow, document: Document, function: str) -> ActRow | None:
    """The act of this very document, if it was taken before: the same goods move once, under whatever key they are
    posted again. Raises Conflict document_number_reused: its issuer has another document of this number."""
    number = normalised(document.id)
    of_kind = select(DocumentRow.id, DocumentRow.number).where(
        DocumentRow.order_id == row.id, DocumentRow.kind == document.kind.value
    )
    twins = {found for found, other in session.exec(of_kind) if normalised(other) == number}
    if not twins:
        return None
    made = select(ActRow).where(
        ActRow.subject == row.id,
        ActRow.function == function,
        col(ActRow.status).in_((*UNDER_WAY, ActState.FINAL.value)),
    )
    for act in session.exec(made):
        if act.extra["document_id"] not in twins:
            continue
        standing = Document.from_canonical(session.get_one(DocumentRow, act.extra["document_id"]).canonical)
        if standing in (document, as_first_read(document)):
            return act
        raise Conflict(
            "document_number_reused",
            f"{document.kind} {document.id} was taken before with another content",
            act=act.id,
        )
    return None


def for_party(session: Session, actor: Actor, order_id: str, side: str) -> tuple[OrderRow, rules.Order]:
    """The order, locked, if the actor is its ``side`` (buyer | seller). Raises NotFound order_unknown."""
    party_id = actor.require()
    row = session.get(OrderRow, order_id, with_for_update=True)
    if row is None or party_id not in (row.buyer_id, row.seller_id):
        raise NotFound("order_unknown", f"there is no order {order_id}")
    owner = row.buyer_id if side == "buyer" else row.seller_id
    if owner != party_id:
        raise Refused("act_of_other_party", f"this is the {side}'s act", side=side)
    return row, order_state.as_value(session, row)


def _assent(ctx: Context, order: Document) -> Document:
    """A response that says yes and nothing else, for a seller that sends no document."""
    return Document(
        kind=DocumentKind.ORDER_RESPONSE,
        id=f"{order.id}-accepted",
        issue_date=ctx.clock.today(),
        seller=order.seller,
        buyer=order.buyer,
        references=References(orders=(order.id,)),
        accepted=True,
    )


def _keep(session: Session, ctx: Context, row: OrderRow, document: Document, data: bytes) -> TradeDocument:
    buyer = session.get_one(PartyRow, row.buyer_id)
    seller = session.get_one(PartyRow, row.seller_id)
    return trade_documents.keep(session, ctx, document, data, seller=seller, buyer=buyer, order_id=row.id)


def _act(session: Session, ctx: Context, row: OrderRow, party_id: str, act: Act, kept: TradeDocument) -> ActView:
    party, extra = gate.enter(session, party_id, Kind.ORDER), {"document_id": kept.row.id}
    return ActView.of(acts.prepare(session, ctx, party=party, act=act, subject=row.id, extra=extra))
