"""An invoice that is due in parts: what is due of it on which day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chainfin.documents.model import Document
from chainfin.errors import Refusal
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class DuePart:
    """What is due of an invoice on one day. ``number``: its place among the parts, from 1, the earliest day first;
    ``due_date`` is None where the invoice names no day."""

    number: int
    due_date: date | None
    amount: Money


def due_parts(invoice: Document) -> tuple[DuePart, ...] | Refusal:
    """The parts of what the invoice claims, which add up to it exactly; one part where all is due on one day.

    Refusals: instalment_unstated (a day has no amount), instalments_unequal (they add up to something else): what was
    agreed, a person has to say.
    """
    stated = invoice.billing.instalments
    place: dict[str, object] = {"document": invoice.id}
    if not stated:
        return (DuePart(1, invoice.due_date, invoice.claim),)
    by_day: dict[date, Money] = {}
    zero = Money.zero(invoice.claim.currency)
    for each in stated:
        if each.amount is None or each.amount.minor <= 0:
            message = f"invoice {invoice.id} is due in parts, and doesn't say how much of it on {each.due_date}"
            return Refusal("instalment_unstated", message, place)
        by_day[each.due_date] = by_day.get(each.due_date, zero) + each.amount
    total = sum(by_day.values(), zero)
    if total != invoice.claim:
        told = ", ".join(f"{amount} on {day}" for day, amount in sorted(by_day.items()))
        message = f"the parts of invoice {invoice.id} ({told}) add up to {total}, {invoice.claim} is owed"
        return Refusal("instalments_unequal", message, place)
    return tuple(DuePart(number, *part) for number, part in enumerate(sorted(by_day.items()), 1))


def shares(amount: Money, parts: Sequence[DuePart]) -> tuple[Money, ...]:
    """``amount`` over the parts by what is due of each: it adds up exactly, and no part gets more than is due of it as
    long as the amount isn't more than they are due together."""
    return amount.allocate([part.amount.minor for part in parts])
