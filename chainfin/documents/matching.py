"""The three-way match (三单匹配): ordered, received, invoiced, line by line, by quantity and by amount.

What may be financed of an invoice is, for each line, its share of the invoice (tax, allowances and charges following
the lines pro rata) for the quantity that was ordered, received and not invoiced before, never above the order's own
value of that quantity. Every division rounds down: the fraction of a fen stays with the lender.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chainfin.documents.fields import plain
from chainfin.documents.line_values import line_values
from chainfin.documents.model import Document, Party
from chainfin.documents.order_lines import SCALE, OrderLines, Placed, is_of_another, spelled
from chainfin.errors import Refusal
from chainfin.values.money import Money, Rounding

NOT_ORDERED: Final = "not_ordered"
NOT_RECEIVED: Final = "not_received"
ABOVE_ORDER: Final = "above_order"
ABOVE_ORDER_PRICE: Final = "above_order_price"
PREPAID: Final = "prepaid"


@dataclass(frozen=True, slots=True)
class LineShortfall:
    """What of an invoice line can't be financed. ``line`` is the invoice line's id, quantities are in ``unit``.

    ``received`` is what was received and not invoiced before; ``missing`` the quantity that isn't covered.
    """

    line: str
    order_line: str | None
    description: str | None
    ordered: Decimal
    received: Decimal
    invoiced: Decimal
    missing: Decimal
    unit: str
    amount_withheld: Money
    reason: str

    def to_json(self) -> dict[str, object]:
        return {
            "line": self.line,
            "order_line": self.order_line,
            "description": self.description,
            "ordered": plain(self.ordered),
            "received": plain(self.received),
            "invoiced": plain(self.invoiced),
            "missing": plain(self.missing),
            "unit": self.unit,
            "amount_withheld": str(self.amount_withheld),
            "currency": self.amount_withheld.currency,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A matched part of an order line: ``quantity`` of it, worth ``amount`` of the invoice."""

    order_line: str
    invoice_line: str
    quantity: Decimal
    amount: Money


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome: ``matched_amount`` may be financed, ``withheld`` may not; the two add up to ``payable``.

    ``prepaid_withheld`` is what a prepayment takes off a delivery in part (it pays the delivered goods first), and
    what rounding leaves over.
    """

    payable: Money
    matched_amount: Money
    lines: tuple[MatchedLine, ...]
    shortfalls: tuple[LineShortfall, ...]
    prepaid_withheld: Money

    @property
    def withheld(self) -> Money:
        return self.payable - self.matched_amount

    @property
    def quantities(self) -> dict[str, Decimal]:
        """What is matched of each order line, in the order's units."""
        found: dict[str, Decimal] = {}
        for item in self.lines:
            found[item.order_line] = found.get(item.order_line, Decimal(0)) + item.quantity
        return found

    @property
    def never_came(self) -> dict[str, Money]:
        """What is withheld of goods, by order line."""
        found: dict[str, Money] = {}
        for item in self.shortfalls:
            line = item.order_line or ""
            found[line] = found.get(line, Money.zero(self.payable.currency)) + item.amount_withheld
        return found

    @property
    def complete(self) -> bool:
        return self.matched_amount == self.payable

    def to_json(self) -> dict[str, object]:
        return {
            "currency": self.payable.currency,
            "payable": str(self.payable),
            "matched": str(self.matched_amount),
            "withheld": str(self.withheld),
            "shortfalls": [item.to_json() for item in self.shortfalls],
        }


def order_gross(order: Document) -> Money:
    """What the whole order is worth with tax, where it states one: the amount that is posted on chain."""
    if order.totals is None:
        raise ValueError("only an order with amounts has a gross value")
    return order.totals.gross + order.totals.rounding


def match(
    order: Document, receipts: Sequence[Document], invoice: Document, *, earlier: Sequence[Document] = ()
) -> Match | Refusal:
    """Match ``invoice`` with ``order`` and all ``receipts`` for it; ``earlier`` are invoices matched before.

    Refusals: currency_mismatch, party_mismatch, order_reference_missing, order_reference_mismatch,
    invoice_orders_several, and those of `OrderLines.placed`.
    """
    for document in (*receipts, *earlier, invoice):
        refusal = belongs(order, document)
        if refusal is not None:
            return refusal
    received = quantities(order, receipts)
    if isinstance(received, Refusal):
        return received
    used = quantities(order, earlier)
    if isinstance(used, Refusal):
        return used
    left = {line.id: max(Decimal(0), received[line.id] - used[line.id]) for line in order.lines}
    return match_lines(order, left, invoice, used=used)


def belongs(order: Document, document: Document) -> Refusal | None:
    """Whether ``document`` is about ``order``: same parties, same currency, and it names the order."""
    place = {"document": document.id, "order": order.id}
    if not document.references.orders:
        return Refusal("order_reference_missing", f"{document.kind} {document.id} names no order", place)
    if order.id not in document.references.orders:
        named = ", ".join(document.references.orders)
        return Refusal("order_reference_mismatch", f"{document.kind} {document.id} is for order {named}", place)
    for role, ours, theirs in (("seller", order.seller, document.seller), ("buyer", order.buyer, document.buyer)):
        if not same_party(ours, theirs):
            return Refusal(
                "party_mismatch",
                f"the {role} of {document.kind} {document.id} is {theirs.label}, that of the order is {ours.label}",
                {**place, "role": role},
            )
    if document.currency not in (None, order.currency):
        return Refusal(
            "currency_mismatch", f"{document.kind} {document.id} is in {document.currency}, not {order.currency}", place
        )
    return None


def same_party(one: Party, other: Party) -> bool:
    """Whether two documents mean the same party: by an identifier where both state one of a kind, else by name."""
    for kind in ("legal", "tax", "party"):
        ours = {spelled(item.value) for item in one.legal_ids if item.kind == kind}
        theirs = {spelled(item.value) for item in other.legal_ids if item.kind == kind}
        if ours and theirs:
            return bool(ours & theirs)
    return one.name is not None and other.name is not None and spelled(one.name) == spelled(other.name)


def quantities(order: Document, documents: Iterable[Document]) -> dict[str, Decimal] | Refusal:
    """The quantity of each order line in ``documents`` together (receipts count what was accepted)."""
    total, lines = {line.id: Decimal(0) for line in order.lines}, OrderLines(order)
    for document in documents:
        for line in document.lines:
            found = lines.placed(line, document)
            if isinstance(found, Refusal):
                return found
            if found is not None:
                total[found.target.id] += found.line.accepted
    return total


def sent_back(order: Document, receipt: Document) -> dict[str, Decimal]:
    """What of each order line goes back by ``receipt``, on arrival or later, in the order's units. Its lines are those
    that `quantities` has placed."""
    back, lines = {line.id: Decimal(0) for line in order.lines}, OrderLines(order)
    for stated in receipt.lines:
        found = lines.placed(stated, receipt)
        if isinstance(found, Placed):
            line = found.line
            back[found.target.id] += (line.rejected or Decimal(0)) + max(Decimal(0), -(line.quantity or Decimal(0)))
    return back


def match_lines(
    order: Document,
    available: Mapping[str, Decimal],
    invoice: Document,
    *,
    used: Mapping[str, Decimal] | None = None,
) -> Match | Refusal:
    """Match an invoice with what is ``available`` (received, not invoiced before) of each order line."""
    totals = invoice.totals
    if totals is None:
        raise ValueError("an invoice without totals can't be matched")
    invoice_values, order_values = line_values(invoice), line_values(order)
    left, lines = dict(available), OrderLines(order)
    matched: list[MatchedLine] = []
    shortfalls: list[LineShortfall] = []
    elsewhere = Money.zero(totals.payable.currency)
    for stated in invoice.lines:
        found = lines.placed(stated, invoice)
        if isinstance(found, Refusal):
            return found
        if found is None and is_of_another(order, stated):
            elsewhere += invoice_values[stated.id]
            continue
        line, target = (stated, None) if found is None else (found.line, found.target)
        value = invoice_values[line.id]
        invoiced = line.quantity or Decimal(0)
        received = left[target.id] if target is not None else Decimal(0)
        ordered = (target.quantity or Decimal(0)) if target is not None else Decimal(0)
        beyond = Decimal(0) if target is None or used is None else used[target.id]
        covered = min(invoiced, received, max(Decimal(0), ordered - beyond))
        amount, reason = Money.zero(value.currency), NOT_ORDERED
        if target is not None:
            amount = share(value, covered, invoiced)
            cap = share(order_values[target.id], covered, ordered)
            reason = ABOVE_ORDER if ordered - beyond < min(invoiced, received) else NOT_RECEIVED
            if amount > cap:
                amount, reason = cap, ABOVE_ORDER_PRICE if covered == invoiced else reason
            left[target.id] -= covered
            if covered > 0:
                matched.append(MatchedLine(target.id, line.id, covered, amount))
        if amount < value or covered < invoiced:
            shortfalls.append(
                LineShortfall(
                    line=line.id,
                    order_line=None if target is None else target.id,
                    description=line.description,
                    ordered=ordered,
                    received=received,
                    invoiced=invoiced,
                    missing=invoiced - covered,
                    unit=line.unit_code or "",
                    amount_withheld=value - amount,
                    reason=reason,
                )
            )
    if elsewhere.minor and (invoice.claim != totals.gross + totals.rounding):
        return Refusal(
            "invoice_orders_several",
            f"invoice {invoice.id} is for several orders, and what was paid or is kept back of it is for neither alone",
            {"document": invoice.id, "order": order.id},
        )
    return _outcome(invoice, elsewhere, matched, shortfalls)


def _outcome(
    invoice: Document, elsewhere: Money, matched: Sequence[MatchedLine], shortfalls: Sequence[LineShortfall]
) -> Match:
    """What of the payable amount is matched; what is ``elsewhere`` is for other orders. A prepayment pays the goods
    that came first."""
    totals = invoice.totals
    assert totals is not None  # match_lines has checked
    payable, withheld_tax = invoice.claim - elsewhere, invoice.billing.withheld
    zero = Money.zero(payable.currency)
    before = totals.prepaid if withheld_tax is None else totals.prepaid + withheld_tax
    delivered = sum((item.amount for item in matched), zero)
    gross = totals.gross + totals.rounding - elsewhere
    # Within the tolerance of reading, gross - prepaid may miss the payable amount by a little: never above it.
    owed = payable if delivered == gross else min(payable, max(zero, delivered - before))
    withheld = sum((item.amount_withheld for item in shortfalls), zero)
    return Match(
        payable=payable,
        matched_amount=owed,
        lines=tuple(matched),
        shortfalls=tuple(shortfalls),
        prepaid_withheld=max(zero, payable - owed - withheld),
    )


def share(value: Money, part: Decimal, whole: Decimal) -> Money:
    """``value × part / whole``, rounded down, exactly ``value`` where the part is the whole."""
    if part <= 0 or whole <= 0:
        return Money.zero(value.currency)
    return value.ratio(int(part * SCALE), int(whole * SCALE), Rounding.DOWN)
