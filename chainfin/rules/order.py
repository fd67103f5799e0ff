"""The purchase order (采购订单): its states, what was despatched, received, invoiced and confirmed of it.

``ordered ≥ despatched ≥ received ≥ invoiced ≥ confirmed``, by quantity on every line and by amount in all. The value
of a cumulative quantity is the line's gross value × quantity / ordered, rounded down, and what one document adds is
the difference of two such values: over all deliveries the parts add up to the whole, and never to more.

Pure: every act takes an `Order` and returns a new one or a `Refusal` (documents are `chainfin.documents.Document`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from chainfin.documents.crediting import off_the_face
from chainfin.documents.fields import plain
from chainfin.documents.line_values import line_values
from chainfin.documents.matching import (
    LineShortfall,
    Match,
    belongs,
    match,
    match_lines,
    order_gross,
    quantities,
    sent_back,
    share,
)
from chainfin.documents.model import Document, DocumentKind, Line
from chainfin.documents.order_lines import OrderLines, deleted_lines, is_of_another, without_deleted
from chainfin.errors import Refusal
from chainfin.rules.order_value import TRANSITIONS, Order, OrderLine, State
from chainfin.values.money import Money

__all__ = [
    "TRANSITIONS", "Invoiced", "LineShortfall", "Match", "Order", "OrderLine", "State", "acknowledge", "amend",
    "between", "billed_before", "cancel", "confirm", "despatch", "invoice", "match", "order_gross", "post", "receive",
    "uninvoice",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invoiced:
    """The order with an invoice of ``face`` on it, and the match that carries it."""

    order: Order
    face: Money
    match: Match


def post(document: Document) -> Order | Refusal:
    """A new order. Refusals: document_kind_wrong, order_empty."""
    if document.kind is not DocumentKind.ORDER:
        return _wrong_kind(document, DocumentKind.ORDER)
    standing = without_deleted(document)
    if not standing.lines:
        return Refusal(
            "order_empty", f"order {document.id} orders nothing: all its lines are deleted", {"order": document.id}
        )
    return Order(standing, State.POSTED, _lines(standing))


def between(*, buyer: str, seller: str) -> Refusal | None:
    """Why these two can't trade with each other: nobody orders from itself. Refusals: seller_is_buyer."""
    if buyer != seller:
        return None
    return Refusal("seller_is_buyer", "nobody orders from itself", {"seller": seller})


def acknowledge(order: Order, response: Document) -> Order | Refusal:
    """The seller agrees. Refusals: order_not_accepted, and those of every document that names an order."""
    state = _next(order, "acknowledge") or _about(order, response, DocumentKind.ORDER_RESPONSE)
    if state is not None:
        return state
    if response.accepted is not True:
        return Refusal("order_not_accepted", f"the seller doesn't accept order {order.document.id}", _place(order))
    return _other_terms(order, response) or _moved(order, "acknowledge")


def _other_terms(order: Order, response: Document) -> Refusal | None:
    """Refusal order_not_accepted: a response that accepts, but states another quantity or price, is an offer of other
    terms; the buyer amends the order or lets it be."""
    lines = OrderLines(order.document)
    for line in response.lines:
        found = lines.placed(line, response)
        if found is None or isinstance(found, Refusal):
            return found if found is not None else _line_unknown(order, response, line.id)
        for name, stated, ordered in (
            ("quantity", found.line.quantity, found.target.quantity),
            ("amount", found.line.line_amount, found.target.line_amount),
            ("price", _unit_price(found.line), _unit_price(found.target)),
        ):
            if stated is not None and ordered is not None and stated != ordered:
                message = f"line {line.id} of the response states another {name}: {stated}, ordered {ordered}"
                return Refusal("order_not_accepted", message, {**_place(order), "line": line.id})
    return None


def _unit_price(line: Line) -> Fraction | None:
    return None if line.price is None else Fraction(line.price.amount) / Fraction(line.price.base_quantity)


def _line_unknown(order: Order, document: Document, line: str) -> Refusal:
    return Refusal(
        "line_not_ordered",
        f"line {line} of {document.kind} {document.id} is not in order {order.document.id}",
        {**_place(order), "document": document.id, "line": line},
    )


def despatch(order: Order, advice: Document) -> Order | Refusal:
    """Goods leave the seller, also such as replace what went back. Refusals: despatch_above_order, unit_mismatch, …"""
    refusal = _next(order, "despatch") or _about(order, advice, DocumentKind.DESPATCH_ADVICE)
    if refusal is not None:
        return refusal
    moved = _quantities(order, advice)
    if isinstance(moved, Refusal):
        return moved
    lines = []
    for line in order.lines:
        total = line.despatched + moved[line.id]
        if total > line.ordered + line.returned:
            limit = line.ordered + line.returned
            return _above("despatch_above_order", ("despatched", "ordered"), order, line, total, limit)
        value = max(line.despatched_value, _value(order, line, min(total, line.ordered)))
        lines.append(replace(line, despatched=total, despatched_value=value))
    return replace(_moved(order, "despatch"), lines=tuple(lines))


def receive(order: Order, receipt: Document) -> Order | Refusal:
    """Goods arrive at the buyer (what it rejects doesn't count), or go back that arrived before.

    Refusals: receipt_above_order, receipt_above_despatch, return_above_received, line_not_ordered, unit_mismatch, …
    """
    refusal = _next(order, "receive") or _about(order, receipt, DocumentKind.RECEIPT_ADVICE)
    if refusal is not None:
        return refusal
    moved = _quantities(order, receipt)
    if isinstance(moved, Refusal):
        return moved
    back = sent_back(order.document, receipt)
    lines = []
    for line in order.lines:
        total = line.received + moved[line.id]
        if total > line.ordered:
            return _above("receipt_above_order", ("received", "ordered"), order, line, total, line.ordered)
        if total > line.despatched:
            return _above("receipt_above_despatch", ("received", "despatched"), order, line, total, line.despatched)
        if total < 0:
            return _above(
                "return_above_received", ("sent back", "received"), order, line, -moved[line.id], line.received
            )
        lines.append(replace(_with_received(order, line, total), returned=line.returned + back[line.id]))
    return replace(_moved(order, "receive"), lines=tuple(lines))


def _with_received(order: Order, line: OrderLine, total: Decimal) -> OrderLine:
    """The line with ``total`` received. Its value never falls by rounding, only by goods that went back."""
    value = min(line.despatched_value, _value(order, line, total))
    value = max(line.received_value, value) if total >= line.received else min(line.received_value, value)
    most = max(line.received_value + line.returned_value, value)
    return replace(line, received=total, received_value=value, returned_value=most - value)


def amend(order: Order, document: Document) -> Order | Refusal:
    """The buyer restates the whole order (an Order, or an OrderChange that names every line).

    Refusals: order_changed_after_despatch (a quantity below what is on its way, another unit or price for it),
    amendment_incomplete, party_mismatch, currency_mismatch, document_kind_wrong, order_state_wrong.
    """
    if document.kind not in (DocumentKind.ORDER, DocumentKind.ORDER_CHANGE):
        return _wrong_kind(document, DocumentKind.ORDER_CHANGE)
    named = document if document.kind is DocumentKind.ORDER_CHANGE else _naming(document)
    refusal = _next(order, "amend") or belongs(order.document, named)
    if refusal is not None:
        return refusal
    deleted = deleted_lines(document)
    document = without_deleted(document)
    if not document.lines:
        return Refusal("amendment_incomplete", "the change deletes every line: cancel the order instead", _place(order))
    fresh = {line.id: line for line in _lines(document)}
    lines = []
    for old in order.lines:
        new = fresh.pop(old.id, None)
        if new is None and old.despatched > 0:
            return _changed(order, old, "is left out")
        if new is None and document.kind is DocumentKind.ORDER_CHANGE and old.id not in deleted:
            return Refusal(
                "amendment_incomplete",
                f"the change leaves out line {old.id}: it has to restate the order",
                _place(order),
            )
        if new is not None:
            kept = _carried(order, old, new)
            if isinstance(kept, Refusal):
                return kept
            lines.append(kept)
    restated = replace(document, kind=DocumentKind.ORDER, id=order.document.id)
    return replace(_moved(order, "amend"), document=restated, lines=(*lines, *fresh.values()))


def cancel(order: Order) -> Order | Refusal:
    """The buyer cancels. Refusals: order_changed_after_despatch, order_state_wrong."""
    refusal = _next(order, "cancel")
    if refusal is not None:
        return refusal
    if any(line.despatched > 0 for line in order.lines):
        return Refusal(
            "order_changed_after_despatch",
            f"order {order.document.id} can't be cancelled: goods are on their way",
            {**_place(order), "despatched": order.despatched},
        )
    return _moved(order, "cancel")


def invoice(
    order: Order, document: Document, *, face: Money | None = None, notes: Sequence[Document] = ()
) -> Invoiced | Refusal:
    """The seller bills; ``face`` (default: all that is payable) becomes the receivable. ``notes`` have credited a part
    of the invoice before: what they take of goods that came is no face.

    What was billed and hadn't come may be billed by another invoice once it has.
    Refusals: invoice_above_received where the face is more than what was ordered, received and not invoiced before
    (the proof holds the match, line by line), amount_not_positive, currency_mismatch, and those of the match.
    """
    refusal = _next(order, "invoice") or _about(order, document, DocumentKind.INVOICE)
    if refusal is not None:
        return refusal
    available = {line.id: max(Decimal(0), line.received - line.invoiced) for line in order.lines}
    used = {line.id: line.invoiced for line in order.lines}
    found = match_lines(order.document, available, document, used=used)
    if isinstance(found, Refusal):
        return found
    wanted = found.payable if face is None else face
    if wanted.currency != order.currency:
        return Refusal(
            "currency_mismatch", f"a face in {wanted.currency} on an order in {order.currency}", _place(order)
        )
    if wanted.minor <= 0:
        return Refusal("amount_not_positive", "the face must be greater than zero", {"face": str(wanted)})
    room = Money(max(0, order.received - order.invoiced), order.currency)
    credited = off_the_face(order.document, notes, found.never_came, rest=found.prepaid_withheld)
    limit = min(found.matched_amount - credited, room)
    if wanted > limit:
        return Refusal(
            "invoice_above_received",
            f"invoice {document.id} asks {wanted}, but {limit} was received and not invoiced before",
            {**_place(order), "face": str(wanted), "limit": str(limit), "match": found.to_json()},
        )
    return Invoiced(_billed(order, wanted, found.quantities), wanted, found)


def billed_before(order: Order, face: Money, quantities: Mapping[str, Decimal]) -> Order | Refusal:
    """The order with an invoice that was matched with ``quantities`` when it was issued, whatever went back since.

    Refusals: invoice_above_received (more than was ever received), order_state_wrong.
    """
    refusal = _next(order, "invoice")
    if refusal is not None:
        return refusal
    after = _billed(order, face, quantities)
    if after.invoiced > order.most_received or any(line.invoiced > line.despatched for line in after.lines):
        return Refusal("invoice_above_received", f"{face} more is billed than was ever received", _place(order))
    return after


def _billed(order: Order, face: Money, quantities: Mapping[str, Decimal]) -> Order:
    lines = tuple(replace(line, invoiced=line.invoiced + quantities.get(line.id, Decimal(0))) for line in order.lines)
    return replace(_moved(order, "invoice"), lines=lines, invoiced=order.invoiced + face.minor)


def uninvoice(order: Order, face: Money, quantities: Mapping[str, Decimal]) -> Order | Refusal:
    """A receivable of ``face`` was cancelled before its confirmation: its goods can be invoiced again.

    The inverse of `invoice` in all but the state: an order on which something was billed stays invoiced.
    ``quantities``: what of each order line the invoice was matched with when it was issued.
    Refusals: amount_above_invoiced (the face, or what of a line, isn't invoiced and unconfirmed), order_state_wrong.
    """
    refusal = _next(order, "uninvoice")
    if refusal is not None:
        return refusal
    lines = tuple(replace(line, invoiced=line.invoiced - quantities.get(line.id, Decimal(0))) for line in order.lines)
    if face.minor > order.invoiced - order.confirmed or any(line.invoiced < 0 for line in lines):
        return Refusal("amount_above_invoiced", f"{face} was not invoiced and unconfirmed", _place(order))
    return replace(_moved(order, "uninvoice"), lines=lines, invoiced=order.invoiced - face.minor)


def confirm(order: Order, amount: Money) -> Order | Refusal:
    """The buyer confirms (确权) ``amount`` of what was invoiced. Refusals: confirmation_above_invoiced, …"""
    refusal = _next(order, "confirm")
    if refusal is not None:
        return refusal
    if amount.currency != order.currency:
        return Refusal(
            "currency_mismatch", f"{amount.currency} confirmed on an order in {order.currency}", _place(order)
        )
    if amount.minor <= 0:
        return Refusal("amount_not_positive", "the confirmed amount must be greater than zero", _place(order))
    if order.confirmed + amount.minor > order.invoiced:
        return Refusal(
            "confirmation_above_invoiced",
            f"{amount} is more than what is invoiced and unconfirmed",
            {**_place(order), "invoiced": order.invoiced, "confirmed": order.confirmed},
        )
    return replace(_moved(order, "confirm"), confirmed=order.confirmed + amount.minor)


def _lines(document: Document) -> tuple[OrderLine, ...]:
    values = line_values(document)
    return tuple(
        OrderLine(line.id, line.unit_code or "", line.quantity or Decimal(0), values[line.id].minor)
        for line in document.lines
    )


def _carried(order: Order, old: OrderLine, new: OrderLine) -> OrderLine | Refusal:
    """The new line with what happened to the old one; what is on its way keeps its unit and (to a fen) its value."""
    if old.despatched > 0:
        if new.unit != old.unit:
            return _changed(order, old, f"is ordered in {new.unit} now, despatched in {old.unit}")
        out = min(old.despatched, old.ordered)  # more went out in the place of what was sent back
        if new.ordered < out:
            return _changed(order, old, f"is cut to {plain(new.ordered)}, below {plain(out)} despatched")
        if abs(_value(order, new, out) - old.despatched_value) > 1:
            return _changed(order, old, "has another price for what is despatched")
        if new.value < old.despatched_value:
            return _changed(order, old, "is worth less than what is despatched")
    return replace(old, unit=new.unit, ordered=new.ordered, value=new.value)


def _value(order: Order, line: OrderLine, quantity: Decimal) -> int:
    return share(Money(line.value, order.currency), quantity, line.ordered).minor


def _quantities(order: Order, document: Document) -> dict[str, Decimal] | Refusal:
    """The quantity of each order line that ``document`` moves; a line that wasn't ordered is refused, not ignored."""
    lines = OrderLines(order.document)
    for line in document.lines:
        found = lines.placed(line, document)
        if isinstance(found, Refusal):
            return found
        if found is None and document.kind is not DocumentKind.INVOICE and not is_of_another(order.document, line):
            return _line_unknown(order, document, line.id)
    moved = quantities(order.document, [document])
    if isinstance(moved, Refusal) or document.kind is DocumentKind.INVOICE or any(moved.values()):
        return moved
    return Refusal("nothing_moved", f"by {document.kind} {document.id} nothing of the order moves", _place(order))


def _next(order: Order, act: str) -> Refusal | None:
    if (order.state, act) in TRANSITIONS:
        return None
    return Refusal(
        "order_state_wrong",
        f"order {order.document.id} is {order.state}: {act} is not possible now",
        {**_place(order), "state": order.state.value, "act": act},
    )


def _moved(order: Order, act: str) -> Order:
    return replace(order, state=TRANSITIONS[order.state, act])


def _about(order: Order, document: Document, kind: DocumentKind) -> Refusal | None:
    return _wrong_kind(document, kind) if document.kind is not kind else belongs(order.document, document)


def _naming(document: Document) -> Document:
    """A restated Order names itself by its own id."""
    return replace(document, references=replace(document.references, orders=(document.id,)))


def _wrong_kind(document: Document, kind: DocumentKind) -> Refusal:
    return Refusal(
        "document_kind_wrong", f"{document.id} is a {document.kind}, not a {kind}", {"kind": document.kind.value}
    )


def _changed(order: Order, line: OrderLine, how: str) -> Refusal:
    return Refusal(
        "order_changed_after_despatch",
        f"line {line.id} of order {order.document.id} {how}",
        {**_place(order), "line": line.id, "despatched": plain(line.despatched), "unit": line.unit},
    )


def _above(code: str, names: tuple[str, str], order: Order, line: OrderLine, total: Decimal, limit: Decimal) -> Refusal:
    what, than = names
    return Refusal(
        code,
        f"line {line.id} of order {order.document.id}: {plain(total)} {line.unit} {what}, {plain(limit)} {than}",
        {**_place(order), "line": line.id, what: plain(total), than: plain(limit), "unit": line.unit},
    )


def _place(order: Order) -> dict[str, object]:
    return {"order": order.document.id}
