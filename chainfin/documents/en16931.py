"""The calculation rules of EN 16931 (BR-CO-10…17, BR-S-08 and its siblings), each with the tolerance that the official
rules for the file's syntax give it: UBL (EN 16931-3-2) and CII (EN 16931-3-3) differ.

They are held against the file as it stands, not against its canonical form, and tell every rule that is broken. What
is broken is a flag: whether a claim may be financed is asked in `chainfin.documents.financing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from chainfin.documents.parts import Breach

ONE: Final = Decimal(1)
CENT: Final = Decimal("0.01")

BY_RATE: Final = {"S": "BR-S-08", "L": "BR-AF-08", "M": "BR-AG-08"}
"""Categories of tax (UN/EDIFACT 5305) at which a rate is due, and the rule on what is taxed at each rate."""
WITHOUT_RATE: Final = {
    "Z": "BR-Z-08", "E": "BR-E-08", "AE": "BR-AE-08", "K": "BR-IC-08", "G": "BR-G-08", "O": "BR-O-08",
}  # fmt: skip
BASES: Final = frozenset({*BY_RATE.values(), *WITHOUT_RATE.values()})
"""The rules on what is taxed in a category."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """Where the official rules of the two syntaxes differ.

    ``by_rate``, ``without_rate``: within how much the taxed amount of a category must be, 0 for exactly (BR-O-08 is
    exact in both). ``edge``: whether tax may be off by the whole unit (BR-CO-17). ``untaxed_gross``: whether the total
    with tax may leave the tax out (BR-CO-15). ``standard_needs_line``: whether what is taxed at a rate needs a line.
    """

    by_rate: Decimal
    without_rate: Decimal
    edge: bool
    untaxed_gross: bool
    standard_needs_line: bool


UBL: Final = Syntax(ONE, Decimal(0), edge=False, untaxed_gross=False, standard_needs_line=True)
CII: Final = Syntax(Decimal(0), ONE, edge=True, untaxed_gross=True, standard_needs_line=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a file states, or would state at ``where``."""

    value: Decimal | None
    where: str


@dataclass(frozen=True, slots=True)
class Taxed:
    """An amount, the categories of tax that it is in, and their rates."""

    amount: Decimal
    categories: frozenset[str]
    rates: frozenset[Decimal]


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """Tax by category and rate. ``vat_rate``: the rate where the tax is VAT, which alone BR-CO-17 knows. ``checked``:
    whether the official rules hold its base against the lines."""

    category: str | None
    rate: Decimal | None
    vat_rate: Decimal | None
    base: Figure
    tax: Figure
    checked: bool


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """A stated total of tax, and the sum of its groups where it has any (BR-CO-14)."""

    stated: Figure
    groups: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the rules ask of an invoice or credit note. ``totals``: lines, allowance, charge, net, gross, prepaid,
    rounding, payable. ``taxes``: the tax totals in the document's currency, None where it states no currency."""

    totals: Mapping[str, Figure]
    lines: Sequence[Taxed]
    allowances: Sequence[Taxed]
    charges: Sequence[Taxed]
    tax_totals: Sequence[TaxTotal]
    taxes: Sequence[Decimal] | None
    groups: Sequence[TaxGroup]


def breaches(figures: Figures, syntax: Syntax) -> tuple[Breach, ...]:
    """All rules that the figures break, in the order of their names."""
    found = (*_sums(figures), *_gross(figures, syntax), *_tax(figures, syntax), *_bases(figures, syntax))
    return tuple(sorted(found, key=lambda each: each.rule))


def _sums(figures: Figures) -> Iterator[Breach]:
    totals, zero = figures.totals, Decimal(0)
    lines, allowance, charge = (totals[name].value for name in ("lines", "allowance", "charge"))
    yield from _equal("BR-CO-10", totals["lines"], cents(_sum(figures.lines)), "the lines add up to")
    if allowance is not None or figures.allowances:
        yield from _equal("BR-CO-11", totals["allowance"], cents(_sum(figures.allowances)), "the allowances add up to")
    if charge is not None or figures.charges:
        yield from _equal("BR-CO-12", totals["charge"], cents(_sum(figures.charges)), "the charges add up to")
    wanted = None if lines is None else cents(lines + (charge or zero) - (allowance or zero))
    yield from _equal("BR-CO-13", totals["net"], wanted, "lines, allowances and charges give")
    for total in figures.tax_totals:
        if total.groups is not None:
            yield from _equal("BR-CO-14", total.stated, cents(total.groups), "the tax by category adds up to")
    gross, prepaid, rounding = (totals[name].value for name in ("gross", "prepaid", "rounding"))
    due = None if gross is None else cents(gross - (prepaid or zero) + (rounding or zero))
    yield from _equal("BR-CO-16", totals["payable"], due, "the total with tax leaves")


def _gross(figures: Figures, syntax: Syntax) -> Iterator[Breach]:
    if figures.taxes is None:
        return
    net, gross = figures.totals["net"].value, figures.totals["gross"]
    if syntax.untaxed_gross and net is not None and gross.value == net:
        return
    if len(figures.taxes) != 1:
        message = f"{len(figures.taxes)} totals of tax are in the document's currency, not one"
        yield Breach("BR-CO-15", message, gross.where)
        return
    wanted = None if net is None else cents(net + figures.taxes[0])
    yield from _equal("BR-CO-15", gross, wanted, "net total and tax add up to")


def _tax(figures: Figures, syntax: Syntax) -> Iterator[Breach]:
    """BR-CO-17: within a unit of the currency of base × rate; no tax where no rate is stated."""
    for group in figures.groups:
        tax, base, rate = group.tax.value, group.base.value, group.vat_rate
        off = _distance(tax, base, group.rate if rate is None else rate)
        if rate is None or half_up(rate) == 0:
            right = tax is not None and half_up(tax) == 0
        else:
            right = off is not None and (off <= ONE if syntax.edge else off < ONE)
        if not right:
            of = "a VAT at a rate that is stated" if rate is None else f"{rate} % of {_said(base)}"
            yield Breach("BR-CO-17", f"the tax is {_said(tax)}: it is not {of}", group.tax.where, off)


def _bases(figures: Figures, syntax: Syntax) -> Iterator[Breach]:
    """BR-S-08 and its siblings: what is taxed in a category is what its lines, charges and allowances come to."""
    groups = [group for group in figures.groups if group.checked and group.category]
    if not groups:
        return
    signed = (*figures.lines, *figures.charges, *(_minus(each) for each in figures.allowances))
    complete = all(each.categories for each in figures.lines)
    by_category: dict[str, Decimal] = {}
    by_rate: dict[tuple[str, Decimal], Decimal] = {}
    at_line: set[tuple[str, Decimal]] = set()
    for each in signed:
        for category in each.categories:
            by_category[category] = by_category.get(category, Decimal(0)) + each.amount
            for rate in each.rates:
                by_rate[category, rate] = by_rate.get((category, rate), Decimal(0)) + each.amount
                at_line.add((category, rate))
    for group in groups:
        assert group.category is not None
        base = group.base
        if group.category in BY_RATE:
            if group.rate is None:
                continue
            key = (group.category, group.rate)
            summed, within, rule = by_rate.get(key, Decimal(0)), syntax.by_rate, BY_RATE[group.category]
            lonely = syntax.standard_needs_line and group.category == "S" and key not in at_line
        elif group.category in WITHOUT_RATE:
            summed, rule, lonely = by_category.get(group.category, Decimal(0)), WITHOUT_RATE[group.category], False
            within = Decimal(0) if group.category == "O" else syntax.without_rate
        else:
            continue
        off = None if base.value is None else abs(base.value - summed)
        if lonely or off is None or (off >= within if within else off != 0):
            message = f"{_said(base.value)} is taxed in category {group.category}, its lines give {summed}"
            yield Breach(rule, message, base.where, off if complete else None)


def _equal(rule: str, stated: Figure, wanted: Decimal | None, gives: str) -> Iterator[Breach]:
    if stated.value is None or wanted is None:
        yield Breach(rule, f"{_said(stated.value)} is stated, {gives} {_said(wanted)}", stated.where)
    elif stated.value != wanted:
        yield Breach(rule, f"{stated.value} is stated, {gives} {wanted}", stated.where, abs(stated.value - wanted))


def cents(value: Decimal) -> Decimal:
    """As XPath's ``round(x * 100) div 100``: halves go up."""
    return Decimal(half_up(value * 100)) * CENT


def half_up(value: Decimal) -> int:
    """To the next whole number, halves towards plus infinity, as XPath rounds."""
    return math.floor(Fraction(value) + Fraction(1, 2))


def _sum(amounts: Sequence[Taxed]) -> Decimal:
    return sum((each.amount for each in amounts), Decimal(0))


def _minus(each: Taxed) -> Taxed:
    return Taxed(-each.amount, each.categories, each.rates)


def _distance(tax: Decimal | None, base: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """How far the tax is from base × rate."""
    if tax is None or base is None or rate is None:
        return None
    return abs(abs(tax) - cents(abs(base) * rate / 100))


def _said(value: Decimal | None) -> str:
    return "nothing" if value is None else str(value)
