"""Receivables: issued up to what was received and invoiced, confirmed by the debtor, cancelled, or in default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from chainfin.documents import instalments
from chainfin.documents.fields import plain
from chainfin.documents.financing import unless_claim
from chainfin.documents.instalments import DuePart, due_parts
from chainfin.documents.model import Document, DocumentKind
from chainfin.documents.order_lines import SCALE
from chainfin.errors import BadInput, Refusal, Refused, unless_refused
from chainfin.eth.bindings import receivables_acts
from chainfin.eth.bindings.base import Act
from chainfin.rules import billed_goods
from chainfin.rules import order as order_rules
from chainfin.rules import receivable as rules
from chainfin.services.books import bank_statement
from chainfin.services.kernel import acts, attestations
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.trade import (
    claim_ids,
    corrections,
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
    """A receivable about to be issued, and the act; where the invoice is due in parts, the ``further`` ones with
    theirs, and the parts for which none is issued now. Of a corrected invoice the one that it withdraws first."""

    receivable: ReceivableView
    act: ActView
    further: tuple[tuple[ReceivableView, ActView], ...] = ()
    later: tuple[Later, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """A part of an invoice whose day is too far away, or past: what is due, and why no receivable is issued now."""

    due_date: date
    amount: Money
    refusal: Refusal


def day_number(day: date) -> int:
    """Days since 1970-01-01, as the contracts count due dates."""
    return (day - EPOCH).days


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

    An invoice that is due in parts makes a claim for each day that a claim may be due on, as far as none stands yet:
    sent again, it makes those that were too far away, or were withdrawn. A corrected invoice (384) first withdraws the
    unconfirmed claims of the one that it names; sent again, it makes its own. ``due_date`` where the invoice names
    none.

    Raises NotFound order_unknown; BadInput document_…, due_date_missing; Refused invoice_above_received (details hold
    the match, line by line), due_date_past, tenor_unlawful, unit_mismatch, goods_unseen, instalment_unstated,
    instalments_unequal, correction_unknown, correction_of_confirmed, …; Conflict invoice_already_registered.
    """
    document = trade_documents.understand(data, source, DocumentKind.INVOICE)
    with ctx.store.begin() as session:
        order_row, order = orders.for_party(session, actor, order_id, "seller")
        seller = gate.enter(session, order_row.seller_id, Kind.ISSUE)
        buyer = gate.active_party(session, order_row.buyer_id)
        unless_refused(unless_claim(document, ctx.clock.today()))
        corrected = corrections.standing(session, order_row, document)
        if corrected:
            return _withdrawn(session, ctx, actor, corrected)
        parts = _dated(document, unless_refused(due_parts(document)), due_date)
        open_ = claim_ids.unless_registered(session, ctx, seller, document, order_row, parts)
        notes = trade_documents.credit_notes(session, order_row.id, document.id)
        before, billed_quantities = _without(session, order_row, order, open_.standing)
        billed = _billed(before, document, accept_matched, notes)
        left = billed.face - sum(
            (Money(row.face, order.currency) for row in open_.standing), Money.zero(order.currency)
        )
        faces = instalments.shares(_unless_credited_away(document, left, open_.parts), open_.parts)
        quantities = _quantities(billed.match.quantities, billed_quantities, faces)
        claims, later = _lawful(ctx, open_, faces, order_row, seller, buyer)
        kept = trade_documents.keep(session, ctx, document, data, seller=seller, buyer=buyer, order_id=order_id)
        made = []
        for place, claim in claims:
            row = _row(session, ctx, claim, kept)
            act = _issue_act(session, ctx, row, seller, kept, quantities[place], billed.match)
            made.append((receivable_state.view(row, document_root=kept.root), ActView.of(act)))
        (first, act_view), *further = made
        return Issuance(first, act_view, tuple(further), tuple(later))


def _withdrawn(session: Session, ctx: Context, actor: Actor, rows: Sequence[ReceivableRow]) -> Issuance:
    """The claims that a corrected invoice withdraws."""
    acts_made = [ActView.of(withdrawal(session, ctx, row, by=actor.require())) for row in rows]
    (first, act), *further = zip((receivable_state.view(row) for row in rows), acts_made, strict=True)
    return Issuance(first, act, tuple(further))


def _dated(document: Document, parts: Sequence[DuePart], due_date: date | None) -> list[DuePart]:
    """The parts, each with its day. Raises BadInput due_date_missing."""
    due = [replace(part, due_date=part.due_date or due_date) for part in parts]
    if any(part.due_date is None for part in due):
        raise BadInput("due_date_missing", f"invoice {document.id} names no due date", where="due_date")
    return due


def _without(
    session: Session, row: OrderRow, order: order_rules.Order, standing: Sequence[ReceivableRow]
) -> tuple[order_rules.Order, Mapping[str, Decimal]]:
    """The order as if the claims that stand of the invoice weren't billed, and what these were matched with."""
    ids = {each.id for each in standing}
    bill = next((each for each in order_state.bills(session, row) if each.id in ids), None) if ids else None
    if bill is None:
        return order, {}
    return billed_goods.before_billing(order, bill.face, bill.quantities), bill.quantities


def _unless_credited_away(document: Document, left: Money, parts: Sequence[DuePart]) -> Money:
    """What the open parts get of what is billed and doesn't stand yet, never more than they are due together."""
    if left.minor < len(parts):
        raise Refused("invoice_credited", f"nothing is left of invoice {document.id} for its other parts")
    return min(left, sum((part.amount for part in parts), Money.zero(left.currency)))


def _quantities(
    whole: Mapping[str, Decimal], standing: Mapping[str, Decimal], faces: Sequence[Money]
) -> list[dict[str, Decimal]]:
    """What of each order line each claim is matched with: by its face, and the last gets the rest."""
    left = {line: max(Decimal(0), quantity - standing.get(line, Decimal(0))) for line, quantity in whole.items()}
    given = dict.fromkeys(left, Decimal(0))
    total, found = sum(face.minor for face in faces), []
    for face in faces[:-1]:
        part = {line: Decimal(int(rest * SCALE) * face.minor // total) / SCALE for line, rest in left.items()}
        given = {line: given[line] + quantity for line, quantity in part.items()}
        found.append(part)
    return [*found, {line: rest - given[line] for line, rest in left.items()}]


def _lawful(
    ctx: Context,
    open_: claim_ids.Open,
    faces: Sequence[Money],
    order: OrderRow,
    seller: PartyRow,
    buyer: PartyRow,
) -> tuple[list[tuple[int, rules.Receivable]], list[Later]]:
    """The claims that may be issued today, each with its place among the open parts, and the parts that can't. Raises
    Refused of the first where there are none."""
    claims: list[tuple[int, rules.Receivable]] = []
    later: list[Later] = []
    for place, (part, claim_id, face) in enumerate(zip(open_.parts, open_.ids, faces, strict=True)):
        assert part.due_date is not None, "`_dated` has checked"
        claim = rules.issue(
            id=claim_id,
            order_id=order.id,
            seller=seller.id,
            debtor=buyer.id,
            face=face,
            due=part.due_date,
            today=ctx.clock.today(),
        )
        if not isinstance(claim, Refusal):
            claims.append((place, claim))
        elif claim.code in _OF_THE_DAY:
            later.append(Later(part.due_date, face, claim))
        else:
            unless_refused(claim)
    if not claims:
        unless_refused(later[0].refusal)
    return claims, later


_OF_THE_DAY = frozenset({"tenor_unlawful", "due_date_past"})


def _row(session: Session, ctx: Context, claim: rules.Receivable, kept: trade_documents.TradeDocument) -> ReceivableRow:
    return session.merge(
        ReceivableRow(
            id=claim.id,
            cell=ctx.cell,
            number=kept.document.id,
            order_id=claim.order_id,
            document_id=kept.row.id,
            seller_id=claim.seller,
            debtor_id=claim.debtor,
            holder_id=claim.holder,
            currency=claim.currency,
            face=claim.face,
            due_date=claim.due_date,
            reference=payment_reference.of("receivable", claim.id),  # also where a refused one is billed again
            created_at=ctx.clock.now(),
        )
    )


def _issue_act(
    session: Session,
    ctx: Context,
    row: ReceivableRow,
    seller: PartyRow,
    kept: trade_documents.TradeDocument,
    quantities: Mapping[str, Decimal],
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
            order_state.MATCHED: {line: plain(quantity) for line, quantity in quantities.items()},
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
    claims = trade_documents.claims_of(session, row)
    if credited.minor and sum((Money(each.face, each.currency) for each in claims), Money.zero(row.currency)) > rest:
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
