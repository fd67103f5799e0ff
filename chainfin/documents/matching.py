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
from chainfin.documents.model import Document, Line, Party, money_of
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


def line_values(document: Document) -> dict[str, Money]:
    """The gross value of each line by its id: the parts add up to the document's gross value exactly.

    Tax follows the lines' own tax where every line states it and these add up; all else is pro rata by net amount.
    """
    totals = document.totals
    if totals is None:
        raise ValueError("only a document with amounts has line values")
    nets = [money_of(line).minor for line in document.lines]
    weights = nets if sum(nets) > 0 else [1] * len(nets)
    adjusted = totals.charge - totals.allowance + totals.rounding
    base = totals.gross + totals.rounding
    taxes = [line.tax.minor for line in document.lines if line.tax is not None]
    if len(taxes) == len(nets) and sum(taxes) == totals.tax.minor and adjusted.minor == 0:
        # Line totals may differ from their stated sum by rounding; then the simple split below is the safe one.
        values = [net + tax for net, tax in zip(nets, taxes, strict=True)]
        if sum(values) == base.minor:
            return {line.id: Money(value, base.currency) for line, value in zip(document.lines, values, strict=True)}
    parts = base.allocate(weights)
    return {line.id: part for line, part in zip(document.lines, parts, strict=True)}


def match(
    order: Document, receipts: Sequence[Document], invoice: Document, *, earlier: Sequence[Document] = ()
) -> Match | Refusal:
    """Match ``invoice`` with ``order`` and all ``receipts`` for it; ``earlier`` are invoices matched before.

    Refusals: currency_mismatch, party_mismatch, order_reference_missing, order_reference_mismatch, unit_mismatch,
    line_ambiguous.
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
        ours = {_plain(item.value) for item in one.legal_ids if item.kind == kind}
        theirs = {_plain(item.value) for item in other.legal_ids if item.kind == kind}
        if ours and theirs:
            return bool(ours & theirs)
    return one.name is not None and other.name is not None and _plain(one.name) == _plain(other.name)


def quantities(order: Document, documents: Iterable[Document]) -> dict[str, Decimal] | Refusal:
    """The quantity of each order line in ``documents`` together (receipts count what was accepted)."""
    total = {line.id: Decimal(0) for line in order.lines}
    for document in documents:
        for line in document.lines:
            target = order_line(order, line, document)
            if isinstance(target, Refusal):
                return target
            if target is not None:
                total[target.id] += line.accepted
    return total


def order_line(order: Document, line: Line, document: Document) -> Line | Refusal | None:
    """The order line that ``line`` is about, or None: by its reference, an item id (buyer's, seller's) or its own id.

    The line's own id is the last resort, and only where the item ids of the two lines don't contradict it.
    """
    found = _candidates(order, line)
    place = {"document": document.id, "line": line.id, "order": order.id}
    if len(found) > 1:
        return Refusal(
            "line_ambiguous",
            f"line {line.id} of {document.kind} {document.id} fits {len(found)} lines of the order",
            place,
        )
    if not found:
        return None
    if line.unit_code is not None and line.unit_code != found[0].unit_code:
        return Refusal(
            "unit_mismatch",
            f"line {line.id} of {document.kind} {document.id} is in {line.unit_code}, ordered in {found[0].unit_code}",
            {**place, "unit": line.unit_code, "ordered_unit": found[0].unit_code or ""},
        )
    return found[0]


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
    left = dict(available)
    matched: list[MatchedLine] = []
    shortfalls: list[LineShortfall] = []
    for line in invoice.lines:
        target = order_line(order, line, invoice)
        if isinstance(target, Refusal):
            return target
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
    return _outcome(invoice, matched, shortfalls)


def _outcome(invoice: Document, matched: Sequence[MatchedLine], shortfalls: Sequence[LineShortfall]) -> Match:
    """What of the payable amount is matched. A prepayment pays the goods that came first."""
    totals = invoice.totals
    assert totals is not None  # match_lines has checked
    payable = totals.payable
    zero = Money.zero(payable.currency)
    delivered = sum((item.amount for item in matched), zero)
    gross = totals.gross + totals.rounding
    # Within the tolerance of reading, gross - prepaid may miss the payable amount by a little: never above it.
    owed = payable if delivered == gross else min(payable, max(zero, delivered - totals.prepaid))
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
    scale = Decimal(10) ** 6  # quantities have at most six decimals
    return value.ratio(int(part * scale), int(whole * scale), Rounding.DOWN)


def _candidates(order: Document, line: Line) -> list[Line]:
    if line.order_line_ref is not None:
        return [item for item in order.lines if item.id == line.order_line_ref]
    keys = ((line.buyers_item_id, "buyers_item_id"), (line.sellers_item_id, "sellers_item_id"))
    contradicted = False
    for value, name in keys:
        if value is not None:
            stated = [item for item in order.lines if getattr(item, name) is not None]
            found = [item for item in stated if getattr(item, name) == value]
            if len(found) > 1:
                return [item for item in found if item.id == line.id] or found
            if found:
                return found
            contradicted = contradicted or bool(stated)
    return [] if contradicted else [item for item in order.lines if item.id == line.id]


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
