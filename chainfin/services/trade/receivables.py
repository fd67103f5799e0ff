"""Receivables: issued up to what was received and invoiced, confirmed by the debtor, cancelled, or in default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from chainfin.documents.fields import plain
from chainfin.documents.financing import unless_claim
from chainfin.documents.fingerprint import invoice_fingerprint, invoice_key, series_of
from chainfin.documents.model import Document, DocumentKind
from chainfin.errors import BadInput, Conflict, Refusal, Refused, unless_refused
from chainfin.eth.bindings import receivables_acts
from chainfin.eth.bindings.base import Act
from chainfin.rules import order as order_rules
from chainfin.rules import receivable as rules
from chainfin.services.books import bank_statement
from chainfin.services.kernel import acts, attestations
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.trade import (
    debtor_lines,
    goods_sent_back,
    order_state,
    orders,
    receivable_state,
    trade_documents,
)
from chainfin.services.views.acts import ActView
from chainfin.services.views.trade import ReceivableView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, DocumentRow, OrderRow, ReceivableRow
from chainfin.values import payment_reference
from chainfin.values.money import Money
from chainfin.values.party import Kind

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Issuance:
    """A receivable about to be issued, the match that carries it, and the act."""

    receivable: ReceivableView
    match: order_rules.Match
    act: ActView


def day_number(day: date) -> int:
    """Days since 1970-01-01, as the contracts count due dates."""
    return (day - EPOCH).days


def fingerprint(ctx: Context, seller_legal_id: str, number: str, series: str) -> str:
    """The id of the claim of this invoice, 0x-hex."""
    key = invoice_key(ctx.fingerprint_key, seller_legal_id, number, series=series)
    return "0x" + invoice_fingerprint(key, seller_legal_id, number, series=series).hex()


def issue(
    ctx: Context,
    actor: Actor,
    order_id: str,
    data: bytes,
    *,
    accept_matched: bool = False,
    due_date: date | None = None,
    source: str = "request",
) -> Issuance:
    """The seller bills an order. With ``accept_matched`` the face is what the three-way match carries, not more.

    ``due_date`` where the invoice names none. Raises NotFound order_unknown; BadInput document_…, due_date_missing;
    Refused invoice_above_received (details hold the match, line by line), due_date_past, tenor_unlawful, unit_mismatch,
    goods_unseen, …; Conflict invoice_already_registered.
    """
    document = trade_documents.understand(data, source, DocumentKind.INVOICE)
    with ctx.store.begin() as session:
        order_row, order = orders.for_party(session, actor, order_id, "seller")
        seller = gate.enter(session, order_row.seller_id, Kind.ISSUE)
        buyer = gate.active_party(session, order_row.buyer_id)
        unless_refused(unless_claim(document, ctx.clock.today()))
        claim_id = _free_id(session, ctx, seller, document, order_row.number)
        notes = trade_documents.credit_notes(session, order_row.id, document.id)
        billed = _billed(order, document, accept_matched, notes)
        claim = unless_refused(
            rules.issue(
                id=claim_id,
                order_id=order_id,
                seller=seller.id,
                debtor=buyer.id,
                face=billed.face,
                due=_due(document, due_date),
                today=ctx.clock.today(),
            )
        )
        kept = trade_documents.keep(session, ctx, document, data, seller=seller, buyer=buyer, order_id=order_id)
        row = session.merge(
            ReceivableRow(
                id=claim_id,
                cell=ctx.cell,
                number=document.id,
                order_id=order_id,
                document_id=kept.row.id,
                seller_id=claim.seller,
                debtor_id=claim.debtor,
                holder_id=claim.holder,
                currency=claim.currency,
                face=claim.face,
                due_date=claim.due_date,
                reference=payment_reference.of("receivable", claim_id),  # also where a refused one is billed again
                created_at=ctx.clock.now(),
            )
        )
        act = _issue_act(session, ctx, row, seller, kept, billed.match)
        return Issuance(receivable_state.view(row, document_root=kept.root), billed.match, ActView.of(act))


def _free_id(session: Session, ctx: Context, seller: PartyRow, document: Document, order: str) -> str:
    """The id under which the invoice makes a claim on this order. A number that was taken in another year is taken to
    be counted anew; that it isn't the same goods again is for the match to say.

    One that was withdrawn before its confirmation may be issued again, put right; the contract agrees.
    Raises Conflict invoice_already_registered.
    """
    claim_id = fingerprint(ctx, seller.legal_value, document.id, series_of(document, order=order, anew=False))
    standing = _standing(session, claim_id)
    if standing is not None and _issued_on(session, standing).year != document.issue_date.year:
        claim_id = fingerprint(ctx, seller.legal_value, document.id, series_of(document, order=order, anew=True))
        standing = _standing(session, claim_id)
    if standing is not None:
        raise Conflict(
            "invoice_already_registered",
            f"invoice {document.id} made a receivable before; an invoice is financed once",
            receivable=claim_id,
        )
    return claim_id


def _standing(session: Session, claim_id: str) -> ReceivableRow | None:
    row = session.get(ReceivableRow, claim_id)
    return None if row is None or row.status in order_state.NOT_BILLED else row


def _issued_on(session: Session, row: ReceivableRow) -> date:
    return Document.from_canonical(session.get_one(DocumentRow, row.document_id).canonical).issue_date


def _issue_act(
    session: Session,
    ctx: Context,
    row: ReceivableRow,
    seller: PartyRow,
    kept: trade_documents.TradeDocument,
    match: order_rules.Match,
) -> ActRow:
    """The seller's act, with the registrar's attestation that the lines fit the goods."""
    issued = receivables_acts.Issue(
        id=row.id,
        order_id=row.order_id,
        document_root=kept.root,
        face=row.face,
        due_day=day_number(row.due_date),
    )
    # Attested are the lines: `_billed` has matched them with the goods of exactly this trail.
    trail = attestations.trail(session, row.order_id)
    attestation = acts.side_auth(session, ctx, _attest(issued, trail), ctx.registrar_address)
    return acts.prepare(
        session,
        ctx,
        party=seller,
        act=issued,
        subject=row.id,
        auths=[attestation],
        extra={
            "document_id": kept.row.id,
            attestations.TRAIL: trail,
            order_state.MATCHED: {line: plain(quantity) for line, quantity in match.quantities.items()},
            trade_documents.NEVER_CAME: {line: value.minor for line, value in match.never_came.items()},
        },
    )


def _attest(issued: receivables_acts.Issue, trail: str) -> receivables_acts.Attest:
    """What the registrar says of a claim that is issued: that it is the invoice's, on goods of this trail."""
    return receivables_acts.Attest(
        id=issued.id,
        order_id=issued.order_id,
        document_root=issued.document_root,
        face=issued.face,
        due_day=issued.due_day,
        trail=trail,
    )


def _due(document: Document, due_date: date | None) -> date:
    """The day on which the invoice falls due. Raises BadInput due_date_missing; Refused instalments_several (what is
    due on several days makes several claims: bill each of them by an invoice of its own)."""
    parts = document.billing.instalments
    if len({part.due_date for part in parts}) > 1:
        days = ", ".join(f"{part.amount or '?'} on {part.due_date}" for part in parts)
        raise Refused("instalments_several", f"invoice {document.id} is due in parts: {days}", where="due_date")
    due = document.due_date or due_date
    if due is None:
        raise BadInput("due_date_missing", f"invoice {document.id} names no due date", where="due_date")
    return due


def _billed(
    order: order_rules.Order, document: Document, accept_matched: bool, notes: Sequence[Document]
) -> order_rules.Invoiced:
    """``notes`` came before the claim was confirmed; it was withdrawn, and asks for the rest."""
    credited = trade_documents.credited(notes, order.currency)
    rest = document.claim - credited if credited.minor else None
    if rest is not None and rest.minor <= 0:
        raise Refused("invoice_credited", f"credit notes have taken back all of invoice {document.id}")
    billed = order_rules.invoice(order, document, face=rest, notes=notes)
    if isinstance(billed, Refusal) and billed.code == "invoice_above_received" and accept_matched:
        limit = Money.parse(str(billed.proof["limit"]), order.currency)
        limit = limit if rest is None else min(limit, rest)
        if limit.minor > 0:
            billed = order_rules.invoice(order, document, face=limit, notes=notes)
    return unless_refused(billed)


def confirm(
    ctx: Context, actor: Actor, receivable_id: str, *, document_root: str, face: Money, due_date: date
) -> ActView:
    """The debtor's undertaking to pay. It says what it confirms: another root, face or day is refused.

    Raises NotFound receivable_unknown; Refused not_debtor, receivable_state_wrong, confirmation_mismatch,
    line_exceeded, currency_mismatch, goods_sent_back, invoice_credited.
    """
    with ctx.store.begin() as session:
        row = receivable_state.for_party(session, actor, receivable_id)
        unless_refused(rules.confirm(receivable_state.value(session, row), by=actor.require(), face=face, due=due_date))
        _unless_credited(session, row)
        goods_sent_back.unless_carried(session, row)
        order = order_state.as_value(session, session.get_one(OrderRow, row.order_id, with_for_update=True))
        unless_refused(order_rules.confirm(order, face))
        root = session.get_one(DocumentRow, row.document_id).root
        if document_root.lower() != root:
            raise Refused("confirmation_mismatch", "the confirmed document is another than was issued", root=root)
        debtor = gate.enter(session, row.debtor_id, Kind.CONFIRM)
        debtor_lines.unless_exceeded(session, debtor, row)
        act = receivables_acts.Confirm(
            id=row.id,
            order_id=row.order_id,
            seller=acts.chain_number(session.get_one(PartyRow, row.seller_id)),
            document_root=root,
            face=row.face,
            due_day=day_number(row.due_date),
        )
        return ActView.of(acts.prepare(session, ctx, party=debtor, act=act, subject=row.id))


def _unless_credited(session: Session, row: ReceivableRow) -> None:
    """Raises Refused invoice_credited: a credit note came first; the claim is to be withdrawn, and issued for the
    rest."""
    invoice = Document.from_canonical(session.get_one(DocumentRow, row.document_id).canonical)
    credited = trade_documents.credited(trade_documents.credit_notes(session, row.order_id, row.number), row.currency)
    rest = invoice.claim - credited
    if credited.minor and Money(row.face, row.currency) > rest:
        raise Refused("invoice_credited", f"{credited} of the invoice is credited: its claim is to be issued anew")


def cancel(ctx: Context, actor: Actor, receivable_id: str) -> ActView:
    """The seller withdraws it before confirmation. Raises Refused not_seller, receivable_state_wrong."""
    with ctx.store.begin() as session:
        row = receivable_state.for_party(session, actor, receivable_id)
        return ActView.of(withdrawal(session, ctx, row, by=actor.require()))


def withdrawal(session: Session, ctx: Context, row: ReceivableRow, *, by: str) -> ActRow:
    """The seller's act that withdraws the claim ``row`` (locked). Raises Refused as `cancel`."""
    unless_refused(rules.cancel(receivable_state.value(session, row), by=by))
    invoice = session.get_one(DocumentRow, row.document_id)
    order = order_state.as_value(session, session.get_one(OrderRow, row.order_id, with_for_update=True))
    face = Money(row.face, row.currency)
    unless_refused(order_rules.uninvoice(order, face, order_state.matched(session, order.document, row)))
    act = receivables_acts.Cancel(id=row.id, order_id=row.order_id, document_root=invoice.root)
    return act_of(session, ctx, row, row.seller_id, act)


def declare_default(ctx: Context, actor: Actor, receivable_id: str) -> ActView:
    """The holder states on chain that it was not paid by the due day.

    Raises NotFound receivable_unknown; Refused not_holder, receivable_state_wrong, not_yet_due; Conflict
    bank_statement_missing (a payment in time may still be told of).
    """
    with ctx.store.begin() as session:
        row, by = receivable_state.for_party(session, actor, receivable_id), actor.require()
        unless_refused(rules.default(receivable_state.value(session, row), by=by, today=ctx.clock.chain_day()))
        bank_statement.unless_in_time(session, ctx, row.due_date)
        return ActView.of(act_of(session, ctx, row, by, receivables_acts.DeclareDefault(id=row.id)))


def act_of(session: Session, ctx: Context, row: ReceivableRow, party_id: str, act: Act) -> ActRow:
    """The ``act`` of a party on this receivable. It may be an exit: whether the party enters into new business
    is for the caller to ask (`parties.gate`)."""
    return acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, party_id),
        act=act,
        subject=row.id,
    )
