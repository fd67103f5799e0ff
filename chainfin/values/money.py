"""Money in whole minor units, rates as decimals, and divisions that say which way they round.

No float touches an amount or a rate. An `int` of minor units (fen, cents) with its ISO 4217 currency is the
only form that is stored; the major-unit string ("123.45") exists only at the edges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from enum import StrEnum
from itertools import pairwise
from typing import NewType

from chainfin.errors import BadInput

Fen = NewType("Fen", int)
BasisPoints = NewType("BasisPoints", int)

# ISO 4217 minor-unit exponents of the currencies that the service accepts.
EXPONENTS = {
    "CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "HKD": 2, "SGD": 2, "CHF": 2, "AUD": 2, "CAD": 2, "DKK": 2,
    "SEK": 2, "NOK": 2, "PLN": 2, "CZK": 2, "HUF": 2, "RON": 2, "JPY": 0, "KRW": 0, "NZD": 2, "BGN": 2, "RSD": 2,
    "ISK": 0, "TRY": 2, "UAH": 2, "AED": 2, "SAR": 2, "QAR": 2, "OMR": 3, "BHD": 3, "JOD": 3, "ILS": 2,
    "INR": 2, "IDR": 2, "MYR": 2, "PHP": 2, "VND": 0, "TWD": 2, "MOP": 2, "ZAR": 2, "MXN": 2, "BRL": 2,
}  # fmt: skip

MAX_MINOR = 2**63 - 1
"""Amounts fit a signed 64-bit column and a uint64 on chain."""


_PLAIN_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_MAX_TEXT = 128
_EXACT = Context(prec=256)
"""Wide enough that no product of an amount and a parsed rate is ever rounded before we say so (28 digits aren't)."""


class Rounding(StrEnum):
    """Who gains from the fraction of a minor unit."""

    DOWN = ROUND_DOWN
    UP = ROUND_CEILING
    FLOOR = ROUND_FLOOR
    HALF_EVEN = ROUND_HALF_EVEN


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount: ``minor`` whole minor units of ``currency`` (ISO 4217). May be negative; see `positive`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise BadInput("currency_unknown", f"currency {self.currency!r} is not accepted")
        if abs(self.minor) > MAX_MINOR:
            raise BadInput("amount_too_large", "the amount does not fit 64 bits of minor units")

    @classmethod
    def parse(cls, text: str, currency: str, *, where: str | None = None) -> Money:
        """Read a major-unit decimal string ("1234.50"). Trailing zeros beyond the exponent are fine, digits aren't.

        Raises BadInput: amount_malformed, amount_too_precise, amount_too_large, currency_unknown.
        """
        if currency not in EXPONENTS:
            raise BadInput("currency_unknown", f"currency {currency!r} is not accepted", where=where)
        value = _plain_decimal(text)
        if value is None:
            raise BadInput("amount_malformed", f"{text[:_MAX_TEXT]!r} is not a decimal amount", where=where)
        if value.adjusted() > 18:
            raise BadInput("amount_too_large", "the amount does not fit 64 bits of minor units", where=where)
        scaled = value.scaleb(EXPONENTS[currency], context=_EXACT)
        if scaled != scaled.to_integral_value():
            raise BadInput(
                "amount_too_precise",
                f"{text} has more decimals than {currency} has ({EXPONENTS[currency]})",
                where=where,
            )
        return cls(int(scaled), currency)

    @classmethod
    def positive(cls, text: str, currency: str, *, where: str | None = None) -> Money:
        """Like `parse`, and greater than zero. Raises BadInput amount_not_positive besides."""
        money = cls.parse(text, currency, where=where)
        if money.minor <= 0:
            raise BadInput("amount_not_positive", f"the amount must be greater than zero, not {text}", where=where)
        return money

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    def __str__(self) -> str:
        exponent = EXPONENTS[self.currency]
        return f"{Decimal(self.minor).scaleb(-exponent):.{exponent}f}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise BadInput("currency_mismatch", f"{self.currency} can't be reckoned with {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def times(self, factor: Decimal, rounding: Rounding) -> Money:
        """``self × factor`` in whole minor units, rounded as ``rounding`` says."""
        exact = _EXACT.multiply(Decimal(self.minor), factor)
        return Money(int(exact.to_integral_value(rounding=rounding.value)), self.currency)

    def ratio(self, numerator: int, denominator: int, rounding: Rounding) -> Money:
        """``self × numerator / denominator`` exactly, then rounded as said (denominator > 0)."""
        return Money(_divide(self.minor * numerator, denominator, rounding), self.currency)

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Cut into parts proportional to ``weights`` that add up exactly: largest remainder, first place on ties."""
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise BadInput("weights_invalid", "weights must be non-negative and not all zero")
        parts = [self.minor * weight // total for weight in weights]
        rests = [self.minor * weight % total for weight in weights]
        order = sorted(range(len(weights)), key=lambda place: (-rests[place], place))
        for place in order[: self.minor - sum(parts)]:
            parts[place] += 1
        return tuple(Money(part, self.currency) for part in parts)


def _plain_decimal(text: str) -> Decimal | None:
    """ASCII digits with at most one point and a sign; no exponent, no grouping, no other scripts' digits."""
    stripped = text.strip()
    if len(stripped) > _MAX_TEXT or not _PLAIN_DECIMAL.fullmatch(stripped):
        return None
    return Decimal(stripped)


def _divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    down, rest = divmod(numerator, denominator)
    match rounding:
        case Rounding.FLOOR:
            return down
        case Rounding.DOWN:
            return down + (1 if numerator < 0 and rest else 0)
        case Rounding.UP:
            return down + (1 if rest else 0)
        case Rounding.HALF_EVEN:
            twice = 2 * rest
            return down + (1 if twice > denominator or (twice == denominator and down % 2 == 1) else 0)


# Rates --------------------------------------------------------------------------------------------------------------

RATE_SCALE = 6
"""Decimals of a rate: a hundredth of a basis point."""


# Interest -----------------------------------------------------------------------------------------------------------

INTEREST_ROUNDING = Rounding.HALF_EVEN
"""Interest goes to the nearest fen, ties to even: neither side gains. As the *cumulative* sum is rounded, a loan is off
by half a fen at most over its whole life, however often it is accrued."""


class DayCount(StrEnum):
    """Days of interest over days of the year; both count the calendar days actually passed."""

    ACT_360 = "ACT/360"
    ACT_365 = "ACT/365"

    @property
    def year_days(self) -> int:
        return 360 if self is DayCount.ACT_360 else 365


def interest_on_product(
    product: int, annual_rate: Decimal, basis: DayCount, currency: str, rounding: Rounding = INTEREST_ROUNDING
) -> Money:
    """Interest on an interest product (计息积数, the sum over days of the balance in minor units); rounded once."""
    numerator, denominator = annual_rate.as_integer_ratio()
    return Money(_divide(product * numerator, denominator * basis.year_days, rounding), currency)


def days_between(start: date, end: date) -> int:
    """Calendar days from ``start`` to ``end``: the first counts, the last doesn't (算头不算尾)."""
    return (end - start).days


# Yearly cost --------------------------------------------------------------------------------------------------------

_IRR_FLOOR = Decimal("-0.999999")
_IRR_CEILING = Decimal(10) ** 30


def xirr(flows: Iterable[tuple[date, Money]], *, places: int = 4) -> Decimal:
    """Effective yearly rate (ACT/365, as in spreadsheets' XIRR) at which the flows are worth nothing on the first day.

    Rounded half-even to ``places`` decimals. Raises BadInput irr_undefined unless the flows, netted by date, change
    sign exactly once: only then is there exactly one rate to state (Descartes' rule of signs).
    """
    by_date: dict[date, Money] = {}
    for day, amount in flows:
        by_date[day] = by_date[day] + amount if day in by_date else amount
    dated = [(day, amount.minor) for day, amount in sorted(by_date.items()) if amount.minor]
    signs = [amount > 0 for _, amount in dated]
    if sum(one != other for one, other in pairwise(signs)) != 1:
        raise BadInput("irr_undefined", "the cash flows must change from one sign to the other exactly once")
    first, opening = dated[0]
    # Positive above the rate sought, whichever direction the flows have.
    terms = [((day - first).days, Decimal(amount if opening > 0 else -amount)) for day, amount in dated]
    unit = Decimal(1).scaleb(-places)
    with localcontext(Context(prec=40)):
        rate = _newton(terms, unit / 1000)
        found = (_bisect(terms, unit / 1000) if rate is None else rate).quantize(unit, rounding=ROUND_HALF_EVEN)
        return found + 0  # not "-0.0000"


def _worth(terms: Sequence[tuple[int, Decimal]], rate: Decimal) -> tuple[Decimal, Decimal]:
    """Present value of the flows on the first day at a yearly rate, and its derivative by that rate."""
    daily = (1 + rate) ** (Decimal(-1) / 365)
    worth = slope = Decimal(0)
    for days, amount in terms:
        present = amount * daily**days
        worth += present
        slope -= present * days
    return worth, slope / 365 / (1 + rate)


def _newton(terms: Sequence[tuple[int, Decimal]], tolerance: Decimal) -> Decimal | None:
    """The rate by Newton's method, if it converges and the present value changes sign around it; else None."""
    rate = Decimal("0.1")
    for _ in range(12):
        worth, slope = _worth(terms, rate)
        if slope <= 0:
            return None
        step = worth / slope
        rate -= step
        if rate <= _IRR_FLOOR or rate > _IRR_CEILING:
            return None
        if abs(step) < tolerance:
            below, above = _worth(terms, rate - tolerance)[0], _worth(terms, rate + tolerance)[0]
            return rate if below < 0 < above else None
    return None


def _bisect(terms: Sequence[tuple[int, Decimal]], tolerance: Decimal) -> Decimal:
    """The rate where Newton fails: slower, but it can't run away. Raises BadInput irr_undefined."""
    low, high = _IRR_FLOOR, Decimal(1)
    while _worth(terms, high)[0] < 0:
        low, high = high, high * 4
        if high > _IRR_CEILING:
            raise BadInput("irr_undefined", "the yearly rate is beyond any bound")
    if _worth(terms, low)[0] > 0:
        raise BadInput("irr_undefined", "practically nothing comes back: the yearly rate is next to -100 %")
    while high - low > tolerance:
        middle = (low + high) / 2
        if _worth(terms, middle)[0] < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
