"""From bounds and policy terms to an amount, a fee and a yearly cost. Whole minor units; every rounding named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
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
    """What a loan repaid in one sum costs. ``simple_yearly_rate``: (interest + fee) over the money received, times
    365 / days, not compounded, rounded up. ``within_cap`` False: interest alone breaks the all-in cap."""

    fee_minor: int
    interest_minor: int
    simple_yearly_rate: Decimal
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
    """Interest ACT/360 for the whole term in one sum, rounded up; fee rounded down (the borrower gains) and cut so
    that the simple yearly cost stays within ``cap``. ``amount_minor`` and ``days`` are above zero."""
    interest = _ceil(Fraction(amount_minor) * Fraction(annual_rate) * days / 360)
    yearly_cap = Fraction(cap)
    # (interest + fee) × 365 ≤ cap × (amount − fee) × days, solved for the fee
    most = (yearly_cap * amount_minor * days - interest * 365) / (365 + yearly_cap * days)
    fee = min(share(amount_minor, fee_rate), max(0, most.__floor__()))
    yearly = Fraction((interest + fee) * 365, (amount_minor - fee) * days)
    shown = Decimal(_ceil(yearly * 10**YEARLY_SCALE)).scaleb(-YEARLY_SCALE)
    return Cost(fee, interest, shown, most >= 0)


def _ceil(value: Fraction) -> int:
    return -((-value).__floor__())
