"""Laws of money: nothing is lost in a cut, a rounding errs by less than a fen, text and value are one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from chainfin.values.calendar import OFFICIAL, Adjustment
from chainfin.values.money import (
    EXPONENTS,
    MAX_MINOR,
    RATE_SCALE,
    DayCount,
    Money,
    Rounding,
    interest_on_product,
    xirr,
)

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.builds(Money, st.integers(-MAX_MINOR, MAX_MINOR), currencies)
rates = st.integers(0, 100 * 10**RATE_SCALE - 1).map(lambda units: Decimal(units).scaleb(-RATE_SCALE))
days = st.dates(date(2019, 1, 1), date(2030, 12, 31))


@given(amounts)
def test_money_text__any_amount__reads_back_as_itself(amount: Money) -> None:
    assert Money.parse(str(amount), amount.currency) == amount


@given(amounts, st.lists(st.integers(0, 10**12), min_size=1, max_size=12).filter(any))
def test_allocate__any_weights__adds_up_and_errs_less_than_a_fen(amount: Money, weights: list[int]) -> None:
    parts = amount.allocate(weights)
    assert sum(part.minor for part in parts) == amount.minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(amount.minor * weight, sum(weights))) < 1


@given(st.integers(-(10**15), 10**15), rates, st.sampled_from(Rounding))
def test_times_and_ratio__any_rounding__agree_and_lie_on_the_side_said(
    minor: int, rate: Decimal, rounding: Rounding
) -> None:
    exact = minor * Fraction(rate)
    result = Money(minor, "CNY").times(rate, rounding).minor
    assert result == Money(minor, "CNY").ratio(*rate.as_integer_ratio(), rounding).minor
    match rounding:
        case Rounding.FLOOR:
            assert exact - 1 < result <= exact
        case Rounding.UP:
            assert exact <= result < exact + 1
        case Rounding.DOWN:
            assert abs(exact) - 1 < abs(result) <= abs(exact)
        case Rounding.HALF_EVEN:
            assert result == round(exact)


@given(st.integers(0, 10**15), rates, st.integers(0, 366), st.sampled_from(DayCount))
def test_interest__any_principal__to_the_nearest_fen(minor: int, rate: Decimal, run_days: int, basis: DayCount) -> None:
    exact = Fraction(minor * run_days) * Fraction(rate) / basis.year_days
    assert interest_on_product(minor * run_days, rate, basis, "CNY").minor == round(exact)


@given(
    st.integers(10**4, 10**12),
    st.integers(50, 300),
    st.lists(st.tuples(st.integers(30, 1500), st.integers(1, 100)), min_size=1, max_size=10),
)
def test_xirr__any_loan__is_worth_nothing_at_the_rate_given(
    lent: int, percent: int, back: list[tuple[int, int]]
) -> None:
    start = date(2026, 1, 1)
    flows = [(start, Money(lent, "CNY"))]
    repaid = Money(lent * percent // 100, "CNY").allocate([weight for _, weight in back])
    flows += [(start + timedelta(days=day), -part) for (day, _), part in zip(back, repaid, strict=True)]
    rate = xirr(flows)
    assert rate == rate.quantize(Decimal("0.0001"))

    def worth(at: Decimal) -> Decimal:
        years = [(Decimal((day - start).days) / 365, amount.minor) for day, amount in flows]
        return sum((amount / (1 + at) ** year for year, amount in years), Decimal(0))

    half = Decimal("0.000051")
    assume(rate - half > -1)
    assert worth(rate - half) <= 0 <= worth(rate + half)


@given(days, st.sampled_from([Adjustment.FOLLOWING, Adjustment.MODIFIED_FOLLOWING, Adjustment.PRECEDING]))
def test_adjust__any_day__gives_a_business_day_and_leaves_it(day: date, convention: Adjustment) -> None:
    moved = OFFICIAL.adjust(day, convention)
    assert OFFICIAL.is_business_day(moved)
    assert OFFICIAL.adjust(moved, convention) == moved
    if convention is Adjustment.MODIFIED_FOLLOWING:
        assert moved.month == day.month
