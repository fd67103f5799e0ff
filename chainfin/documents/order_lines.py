"""Which line of an order a document's line is about: by what both state, never by a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from chainfin.documents import units
from chainfin.documents.line_values import line_values
from chainfin.documents.model import Document, Line, Totals, money_of
from chainfin.errors import Refusal
from chainfin.values.money import Money

SCALE: Final = 10**6
"""Quantities have at most six decimals."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A document's line on the order's: ``line`` with its quantities in the unit of the order's ``target``."""

    target: Line
    line: Line


class OrderLines:
    """The lines of an order, found by what another document's line states: looked up, so that ten thousand lines are
    placed in one pass."""

    def __init__(self, order: Document) -> None:
        self.order = order
        self._by_id: dict[str, list[Line]] = {}
        self._by_item: dict[tuple[str, str], list[Line]] = {}
        for line in order.lines:
            self._by_id.setdefault(line.id, []).append(line)
            for name, value in _item_ids(line):
                if value is not None:
                    self._by_item.setdefault((name, value), []).append(line)

    def placed(self, line: Line, document: Document) -> Placed | Refusal | None:
        """The order line that ``line`` is about, or None where it is about none of this order.

        It is told by the reference that it states, else by an item id (buyer's, seller's, GTIN) that only one line of
        the order has, else by its own number and description together. Whoever states more than one of these states
        the same. Refusals: line_ambiguous, line_contradicted, line_unplaced (a person has to say which line is meant),
        unit_mismatch.
        """
        order = self.order
        if is_of_another(order, line):
            return None
        found = self._candidates(line)
        place = {"document": document.id, "line": line.id, "order": order.id}
        name = f"line {line.id} of {document.kind} {document.id}"
        if len(found) > 1:
            return Refusal("line_ambiguous", f"{name} fits {len(found)} lines of the order", place)
        if not found:
            return self._unplaced(line, name, place)
        target = found[0]
        wrong = _contradiction(target, line)
        if wrong is not None:
            return Refusal(
                "line_contradicted", f"{name} is for line {target.id} of the order, but has another {wrong}", place
            )
        if line.unit_code in (None, target.unit_code):
            return Placed(target, line)
        converted = _converted(line, target.unit_code or "")
        if converted is None:
            return Refusal(
                "unit_mismatch",
                f"{name} is in {line.unit_code}, ordered in {target.unit_code}",
                {**place, "unit": line.unit_code or "", "ordered_unit": target.unit_code or ""},
            )
        return Placed(target, converted)

    def _unplaced(self, line: Line, name: str, place: Mapping[str, object]) -> Refusal | None:
        """A line with a reference or an item id of its own is none of the order's; one with neither may be any."""
        if line.order_line_ref is not None or any(value is not None for _, value in _item_ids(line)):
            return None
        if line.id in self._by_id:
            return Refusal(
                "line_unplaced", f"{name} names no line of the order and no item: whose it is, a person says", place
            )
        return None

    def _candidates(self, line: Line) -> Sequence[Line]:
        if line.order_line_ref is not None:
            return self._by_id.get(line.order_line_ref, ())
        for name, value in _item_ids(line):
            found = () if value is None else self._by_item.get((name, value), ())
            if len(found) > 1:
                return [item for item in found if item.id == line.id] or found
            if found:
                return found
        named = line.description is not None and spelled(line.description)
        same = self._by_id.get(line.id, ()) if named else ()
        return [item for item in same if spelled(item.description or "") == named]


def is_of_another(order: Document, line: Line) -> bool:
    """Whether the line says itself that it is about another order."""
    return line.order_ref is not None and spelled(line.order_ref) != spelled(order.id)


def _converted(line: Line, unit: str) -> Line | None:
    """The line in another unit; None where it doesn't convert, or not to the last decimal that is kept."""
    factor = units.factor(line.unit_code or "", unit)
    if factor is None:
        return None
    quantity, rejected = (None if each is None else _times(each, factor) for each in (line.quantity, line.rejected))
    if (quantity is None) != (line.quantity is None) or (rejected is None) != (line.rejected is None):
        return None
    return replace(line, quantity=quantity, rejected=rejected, unit_code=unit)


def _times(quantity: Decimal, factor: Fraction) -> Decimal | None:
    scaled = Fraction(quantity) * factor * SCALE
    return None if scaled.denominator != 1 else Decimal(scaled.numerator) / SCALE


def _item_ids(line: Line) -> tuple[tuple[str, str | None], ...]:
    names = ("buyers_item_id", "sellers_item_id", "standard_item_id")
    return tuple((name, getattr(line, name)) for name in names)


def _contradiction(target: Line, line: Line) -> str | None:
    """The item id by which the two lines are about other things."""
    for name, value in _item_ids(line):
        ordered = getattr(target, name)
        if value is not None and ordered is not None and spelled(value) != spelled(ordered):
            return _ID_NAMES[name]
    return None


_ID_NAMES: Final = {
    "buyers_item_id": "item number of the buyer",
    "sellers_item_id": "item number of the seller",
    "standard_item_id": "GTIN",
}


DELETED: Final = "2"
"""UN/EDIFACT 1229: the line is deleted, whatever it still says."""


def deleted_lines(document: Document) -> frozenset[str]:
    """Ids of the lines that an order, or a change of one, states as deleted."""
    return frozenset(line.id for line in document.lines if line.status == DELETED)


def without_deleted(document: Document) -> Document:
    """The order as it is left: without its deleted lines, and worth what its other lines are worth."""
    deleted = deleted_lines(document)
    if not deleted or document.totals is None:
        return document
    zero = Money.zero(document.totals.payable.currency)
    values = line_values(document)
    kept = tuple(line for line in document.lines if line.id not in deleted)
    net = sum((money_of(line) for line in kept), zero)
    gross = sum((values[line.id] for line in kept), zero)
    totals = Totals(
        line_total=net,
        allowance=max(zero, net - gross),
        charge=zero,
        tax=max(zero, gross - net),
        prepaid=zero,
        rounding=zero,
        payable=gross,
    )
    return replace(document, lines=kept, totals=totals)


def spelled(text: str) -> str:
    """A name or number without what only depends on typing."""
    return "".join(text.split()).casefold()
