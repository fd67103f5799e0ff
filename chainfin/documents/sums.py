"""Whether a document's own totals add up: the rules of EN 16931 (BR-CO-10, -13, -15, -16), for every format.

A document whose own figures contradict each other is refused (document_inconsistent) rather than financed on the
figure that happens to be read first. Tolerance: half a minor unit for each line and never less than one minor unit,
the most that rounding line by line can explain. The rules of what a document lists (BR-CO-11, -12, -14, -17, BR-S-08)
ask what is claimed: `chainfin.documents.financing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chainfin.documents.faults import Faults
from chainfin.documents.model import Billing, Breach, Line, Totals, money_of
from chainfin.errors import BadInput
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Stated:
    """An amount as the document states it (None where it doesn't), and the place where it stands or would stand."""

    amount: Money | None
    where: str


@dataclass(frozen=True, slots=True)
class StatedTotals:
    """A document's totals as it states them: ``net`` without and ``gross`` with tax."""

    lines: Stated
    allowance: Stated
    charge: Stated
    net: Stated
    tax: Stated
    gross: Stated
    prepaid: Stated
    rounding: Stated
    payable: Stated


def reckoned(stated: StatedTotals, lines: Sequence[Line], listed: Billing, faults: Faults) -> Totals:
    """The totals: what is stated, else what the lines and the listed allowances and charges give. What contradicts
    its parts goes to ``faults``; what is payable is `payable_agrees`'s matter."""
    payable = stated.payable.amount
    assert payable is not None, "the reader has checked that what is payable is stated"
    zero, count = Money.zero(payable.currency), len(lines)
    net, gross = stated.net.amount, stated.gross.amount
    charge = _first(stated.charge.amount, listed.charges) or zero
    allowance = _first(stated.allowance.amount, listed.allowances)
    summed = sum((money_of(line) for line in lines), zero)
    line_total = stated.lines.amount
    if line_total is None and not lines and net is not None:
        line_total = net - charge + (allowance or zero)  # an invoice that states no lines, only their tax base
    if line_total is None:
        line_total = summed
    elif lines:
        _agree(faults, "BR-CO-10", stated.lines, line_total, summed, count, "the total of the lines")
    if allowance is None:
        # UBL 2.0 credit notes state the net total but not the allowance that leads to it.
        implied = zero if net is None else line_total + charge - net
        allowance = max(implied, zero)
    tax = _first(stated.tax.amount, sum((line.tax for line in lines if line.tax is not None), zero)) or zero
    prepaid = stated.prepaid.amount
    if prepaid is None and not lines and gross is not None:
        prepaid = max(zero, gross - payable)  # Factur-X's MINIMUM can say what is left to pay, not what was paid
    result = Totals(
        line_total=line_total,
        allowance=allowance,
        charge=charge,
        tax=tax,
        prepaid=prepaid or zero,
        rounding=stated.rounding.amount or zero,
        payable=payable,
    )
    if net is not None:
        _agree(faults, "BR-CO-13", stated.net, net, result.gross - result.tax, count, "the net total")
    if gross is not None and not close(gross, result.gross + result.rounding, count):
        _agree(faults, "BR-CO-15", stated.gross, gross, result.gross, count, "the total with tax")
    return result


def payable_agrees(stated: StatedTotals, totals: Totals, withheld: Money | None, count: int, faults: Faults) -> None:
    """What is payable is what the totals give, from which tax that the buyer keeps back may have been taken off."""
    due = totals.gross - totals.prepaid + totals.rounding
    if withheld is None or not close(totals.payable, due - withheld, count):
        _agree(faults, "BR-CO-16", stated.payable, totals.payable, due, count, "the payable amount")


def order_payable_agrees(stated: StatedTotals, totals: Totals, count: int, faults: Faults) -> None:
    """An order's payable amount may include the tax or leave it out."""
    if not close(totals.payable, totals.gross - totals.prepaid + totals.rounding - totals.tax, count):
        payable_agrees(stated, totals, None, count, faults)


def rounding_off(stated: StatedTotals, totals: Totals, lines: Sequence[Line], billing: Billing) -> Iterator[Breach]:
    """Where a bill's totals differ from their parts by what rounding explains: it is read all the same, though the rule
    of EN 16931 leaves nothing open."""
    summed = sum((money_of(line) for line in lines), Money.zero(totals.payable.currency))
    if lines and summed != totals.line_total:
        message = f"{totals.line_total} is stated, the lines add up to {summed}"
        yield Breach("BR-CO-10", message, stated.lines.where, _apart(summed, totals.line_total))
    due, kept = totals.gross - totals.prepaid + totals.rounding, billing.withheld
    if lines and totals.payable not in (due, due if kept is None else due - kept):
        message = f"{totals.payable} is stated, the total with tax leaves {due}"
        yield Breach("BR-CO-16", message, stated.payable.where, _apart(totals.payable, due))


def _apart(one: Money, other: Money) -> Decimal:
    return abs(Decimal(str(one)) - Decimal(str(other)))


def close(stated: Money, reckoned: Money, lines: int) -> bool:
    """Whether rounding line by line explains the difference."""
    return abs(stated.minor - reckoned.minor) <= max(1, (lines + 1) // 2)


def _agree(faults: Faults, rule: str, place: Stated, stated: Money, reckoned: Money, lines: int, what: str) -> None:
    if not close(stated, reckoned, lines):
        message = f"{what} is {stated}, but the parts add up to {reckoned}"
        faults.add(BadInput("document_inconsistent", message, where=place.where, rule=rule))


def _first(*amounts: Money | None) -> Money | None:
    return next((amount for amount in amounts if amount is not None), None)
