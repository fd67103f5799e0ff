"""Goods that are billed: what of the invoices on an order the goods still carry that the buyer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chainfin.documents.matching import match_lines
from chainfin.documents.model import Document
from chainfin.errors import Refusal
from chainfin.rules.order_value import Order
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Bill:
    """A standing invoice on an order: its document, the ``face`` of the receivable that it made, and what of each order
    line it was matched with."""

    id: str
    document: Document
    face: Money
    quantities: Mapping[str, Decimal]


def unsupported(order: Order, bills: Sequence[Bill]) -> dict[str, Money] | Refusal:
    """What of each bill's face no goods carry any more, because they were sent back: by the bill's id, none left out.

    ``bills``: all that stand on the order, the oldest first; what the buyer still has carries the oldest. Refusals:
    those of the match.
    """
    left, used = {line.id: line.received for line in order.lines}, {line.id: Decimal(0) for line in order.lines}
    missing: dict[str, Money] = {}
    for bill in bills:
        here = {line: min(rest, bill.quantities.get(line, Decimal(0))) for line, rest in left.items()}
        found = match_lines(order.document, here, bill.document, used=used)
        if isinstance(found, Refusal):
            return found
        missing[bill.id] = max(Money.zero(order.currency), bill.face - found.matched_amount)
        for each in found.lines:
            left[each.order_line] -= each.quantity
            used[each.order_line] += each.quantity
    return missing


def before_billing(order: Order, face: Money, quantities: Mapping[str, Decimal]) -> Order:
    """The order as if claims over ``face``, matched with ``quantities``, weren't billed: against this the invoice that
    they are parts of is matched as a whole."""
    lines = tuple(
        replace(line, invoiced=max(Decimal(0), line.invoiced - quantities.get(line.id, Decimal(0))))
        for line in order.lines
    )
    return replace(order, lines=lines, invoiced=max(0, order.invoiced - face.minor))
