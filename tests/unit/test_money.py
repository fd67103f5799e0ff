"""Money, rates, interest and yearly cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
import pyxirr

from chainfin.errors import BadInput
from chainfin.values.money import (
    DayCount,
    Money,
    Rounding,
    days_between,
    interest_on_product,
    xirr,
)

JAN_1 = date(2026, 1, 1)


def cny(text: str) -> Money:
    return Money.parse(text, "CNY")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("1234.50", "CNY", 123450), ("1.000", "CNY", 100), ("-0.01", "CNY", -1), (" 7 ", "JPY", 7), (".5", "EUR", 50)],
)
def test_money_parse__plain_decimals__are_read(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: Money.parse("1e3", "CNY"), "amount_malformed"),
        (lambda: Money.parse("1_000", "CNY"), "amount_malformed"),
        (lambda: Money.parse("1,000.00", "CNY"), "amount_malformed"),
        (lambda: Money.parse("１２", "CNY"), "amount_malformed"),
        (lambda: Money.parse("NaN", "CNY"), "amount_malformed"),
        (lambda: Money.parse("", "CNY"), "amount_malformed"),
        (lambda: Money.parse("0." + "0" * 200, "CNY"), "amount_malformed"),
        (lambda: Money.parse("0.001", "CNY"), "amount_too_precise"),
        (lambda: Money.parse("0.5", "JPY"), "amount_too_precise"),
        # 31 digits: the default decimal context would round the last one away and let it through.
        (lambda: Money.parse("1000000000000000.000000000000001", "CNY"), "amount_too_precise"),
        (lambda: Money.parse("92233720368547758.08", "CNY"), "amount_too_large"),
        (lambda: Money.parse("1" + "0" * 40, "CNY"), "amount_too_large"),
        (lambda: Money(2**63, "CNY"), "amount_too_large"),
        (lambda: Money.positive("0.00", "CNY"), "amount_not_positive"),
        (lambda: Money.positive("-1", "CNY"), "amount_not_positive"),
        (lambda: Money.parse("1", "XXX"), "currency_unknown"),
        (lambda: Money(1, "XXX"), "currency_unknown"),
        (lambda: Money(1, "CNY") + Money(1, "USD"), "currency_mismatch"),
        (lambda: Money(1, "CNY") < Money(1, "USD"), "currency_mismatch"),
        (lambda: Money(1, "CNY").allocate([0, 0]), "weights_invalid"),
        (lambda: Money(1, "CNY").allocate([2, -1]), "weights_invalid"),
    ],
)
def test_money__bad_input__is_refused_by_code(call: Callable[[], object], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        call()
    assert caught.value.code == code


def test_money_parse__bad_amount__names_the_place() -> None:
    with pytest.raises(BadInput) as caught:
        Money.parse("x", "CNY", where="/Invoice/Total")
    assert caught.value.where == "/Invoice/Total"


@pytest.mark.parametrize(
    ("minor", "rounding", "result"),
    [
        (5, Rounding.DOWN, 2),
        (5, Rounding.UP, 3),
        (5, Rounding.FLOOR, 2),
        (5, Rounding.HALF_EVEN, 2),
        (7, Rounding.HALF_EVEN, 4),
        (-5, Rounding.DOWN, -2),
        (-5, Rounding.UP, -2),
        (-5, Rounding.FLOOR, -3),
        (-5, Rounding.HALF_EVEN, -2),
    ],
)
def test_money_rounding__half_a_fen__goes_where_it_is_said(minor: int, rounding: Rounding, result: int) -> None:
    assert Money(minor, "CNY").ratio(1, 2, rounding).minor == result
    assert Money(minor, "CNY").times(Decimal("0.5"), rounding).minor == result


def test_money_times__more_digits_than_the_default_context__is_exact() -> None:
    just_below_one = Decimal("0." + "9" * 32)  # 28 digits would round the product up to 10**18 before the floor
    assert Money(10**18, "CNY").times(just_below_one, Rounding.FLOOR).minor == 10**18 - 1


def test_money_allocate__thirds__largest_remainder_first_place() -> None:
    assert [part.minor for part in Money(100, "CNY").allocate([1, 1, 1])] == [34, 33, 33]


def test_interest_on_product__ties__go_to_even() -> None:
    half = 180  # 180 fen-days at 100 % a year over 360 days are half a fen
    assert interest_on_product(half, Decimal(1), DayCount.ACT_360, "CNY").minor == 0
    assert interest_on_product(3 * half, Decimal(1), DayCount.ACT_360, "CNY").minor == 2


def test_days_between__leap_february__counts_the_first_day_not_the_last() -> None:
    assert days_between(date(2028, 2, 28), date(2028, 3, 1)) == 2


def test_xirr__one_year_at_ten_percent__is_ten_percent() -> None:
    assert xirr([(JAN_1, cny("100")), (date(2027, 1, 1), cny("-110"))]) == Decimal("0.1000")


def test_xirr__order_and_direction__do_not_matter() -> None:
    flows = [(JAN_1, cny("100")), (date(2026, 7, 1), cny("-60")), (date(2027, 1, 1), cny("-50"))]
    mirrored = [(day, -amount) for day, amount in reversed(flows)]
    assert xirr(flows) == xirr(mirrored)


@pytest.mark.parametrize("months", [2, 6, 12, 36])
@pytest.mark.parametrize("instalment", ["310.00", "520.55", "900.00"])
def test_xirr__instalments__agrees_with_pyxirr(months: int, instalment: str) -> None:
    flows = [(JAN_1, cny("1000.00"))]
    flows += [(date(2026 + k // 12, k % 12 + 1, 1), -cny(instalment)) for k in range(1, months + 1)]
    theirs = pyxirr.xirr([day for day, _ in flows], [amount.minor for _, amount in flows])
    assert theirs is not None
    assert float(xirr(flows)) == pytest.approx(theirs, abs=0.00006, rel=1e-9)


@pytest.mark.parametrize(
    "flows",
    [
        [],
        [(JAN_1, 100)],
        [(JAN_1, 100), (date(2026, 2, 1), 100)],
        [(JAN_1, 100), (JAN_1, -110)],
        [(JAN_1, -100), (date(2026, 2, 1), 300), (date(2026, 3, 1), -200)],
        [(JAN_1, 10**15), (date(2026, 1, 2), -(10**18))],
        [(JAN_1, 10**18), (date(2026, 12, 31), -1)],
    ],
)
def test_xirr__no_single_rate__irr_undefined(flows: list[tuple[date, int]]) -> None:
    with pytest.raises(BadInput) as caught:
        xirr([(day, Money(minor, "CNY")) for day, minor in flows])
    assert caught.value.code == "irr_undefined"
