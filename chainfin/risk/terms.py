"""From bounds and policy terms to an amount, a fee and a yearly cost. Whole minor units; every rounding named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from fractions import Fraction

YEARLY_SCALE = 6
"""Decimals of the yearly cost shown."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that the amount can't exceed."""

    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a loan repaid in one sum costs. ``yearly_rate``: the effective yearly rate (IRR, ACT/365) of the money
    received against interest and principal at the end, rounded up. ``within_cap`` False: interest alone breaks the
    all-in cap."""

    fee_minor: int
    interest_minor: int
    yearly_rate: Decimal
    within_cap: bool


def smallest(bounds: Sequence[Bound]) -> Bound:
    """The binding constraint: the smallest bound, the first named on ties. Never below zero."""
    least = min(bounds, key=lambda bound: bound.amount_minor)
    return Bound(least.name, max(0, least.amount_minor))


def share(amount_minor: int, rate: Decimal) -> int:
    """``amount × rate`` rounded down (the lender gains). Amounts and rates are not negative."""
    return int(Fraction(amount_minor) * Fraction(rate))


def least_base(amount_minor: int, rate: Decimal) -> int:
    """The least base whose `share` at ``rate`` (above zero) is at least the amount."""
    return _ceil(Fraction(amount_minor) / Fraction(rate))


def cost(amount_minor: int, days: int, annual_rate: Decimal, fee_rate: Decimal, cap: Decimal) -> Cost:
    """Interest ACT/360 for the whole term in one sum, half-even as the loan's own; the fee, taken from the money paid
    out, rounded down (the borrower gains) and cut so that the yearly rate stays within ``cap``. ``amount_minor`` and
    ``days`` are above zero."""
    interest = round(Fraction(amount_minor) * Fraction(annual_rate) * days / 360)
    with localcontext(Context(prec=60)):
        growth = (1 + cap) ** (Decimal(days) / 365)
        # the least to pay out: (amount + interest) / (amount − fee) ≤ growth
        least = ((amount_minor + interest) / growth).quantize(Decimal("1e-20")).to_integral_value(ROUND_CEILING)
        most = amount_minor - int(least)
        fee = min(share(amount_minor, fee_rate), max(0, most))
        yearly = (Decimal(amount_minor + interest) / (amount_minor - fee)) ** (Decimal(365) / days) - 1
        shown = yearly.quantize(Decimal("1e-20")).quantize(Decimal(1).scaleb(-YEARLY_SCALE), rounding=ROUND_CEILING)
    return Cost(fee, interest, shown, most >= 0)


def _ceil(value: Fraction) -> int:
    return -((-value).__floor__())
