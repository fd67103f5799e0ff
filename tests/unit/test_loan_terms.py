"""Terms, schedules and the yearly cost of loans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import BadInput, Refusal
from chainfin.rules.loan import LoanTerms, Method, check_all_in_cap, cost_to_borrower, schedule
from chainfin.values.calendar import Adjustment
from tests.unit.loans import BULLET, MATURITY, START, cny, year

# Schedules -----------------------------------------------------------------------------------------------------------


def test_schedule__bullet_sixty_days__is_actual_over_360() -> None:
    (only,) = schedule(BULLET).instalments
    assert (only.due, only.principal, only.interest) == (date(2026, 4, 1), cny("100000"), cny("1083.33"))


def test_schedule__from_the_31st__every_month_has_its_last_day_and_none_is_lost() -> None:
    dates = schedule(year(Method.EQUAL_INSTALMENTS)).due_dates
    assert dates[:4] == (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31))
    assert len(dates) == 12
    assert dates[-1] == MATURITY


def test_schedule__equal_instalments__are_equal_to_the_fen_but_for_the_last() -> None:
    instalments = schedule(year(Method.EQUAL_INSTALMENTS)).instalments
    assert len({instalment.total for instalment in instalments[:-1]}) == 1
    assert abs(instalments[-1].total.minor - instalments[0].total.minor) <= len(instalments)


def test_schedule__equal_principal__thirds_last_takes_the_rest() -> None:
    terms = LoanTerms(cny("100"), Decimal("0.06"), date(2026, 1, 1), date(2026, 4, 1), Method.EQUAL_PRINCIPAL)
    assert [i.principal for i in schedule(terms).instalments] == [cny("33.33"), cny("33.33"), cny("33.34")]


def test_schedule__interest_first__principal_only_at_the_end() -> None:
    instalments = schedule(year(Method.INTEREST_FIRST)).instalments
    assert [i.principal.minor for i in instalments[:-1]] == [0] * 11
    assert instalments[0].interest == cny("505.56")  # 28 days
    assert instalments[-1].principal == cny("100000")


def test_schedule__quarterly__has_four_dates() -> None:
    assert schedule(year(Method.EQUAL_PRINCIPAL, period_months=3)).due_dates == (
        date(2026, 4, 30),
        date(2026, 7, 31),
        date(2026, 10, 31),
        MATURITY,
    )


def test_schedule__seasons_with_weights__follow_the_harvests() -> None:
    dates = (date(2026, 6, 20), date(2026, 10, 15), MATURITY)
    terms = year(Method.SEASONAL, seasonal_dates=dates, seasonal_weights=(2, 5, 3))
    instalments = schedule(terms).instalments
    assert [i.principal for i in instalments] == [cny("20000"), cny("50000"), cny("30000")]
    assert tuple(i.due for i in instalments) == dates


def test_schedule__holidays_push_two_seasons_onto_one_day__they_become_one_with_both_weights() -> None:
    dates = (date(2025, 10, 2), date(2025, 10, 4), date(2025, 12, 31))
    terms = LoanTerms(
        cny("400"), Decimal("0.06"), date(2025, 9, 1), dates[-1], Method.SEASONAL, seasonal_dates=dates,
        seasonal_weights=(1, 1, 2), adjustment=Adjustment.FOLLOWING,
    )  # fmt: skip
    assert [(i.due, i.principal) for i in schedule(terms).instalments] == [
        (date(2025, 10, 9), cny("200")),
        (date(2025, 12, 31), cny("200")),
    ]


@pytest.mark.parametrize("rate", ["0", "0.065", "0.36", "9", "99"])
@pytest.mark.parametrize("principal", ["0.18", "73.09"])
def test_schedule__rounding_or_usury__keeps_every_instalment(principal: str, rate: str) -> None:
    terms = year(Method.EQUAL_INSTALMENTS, principal=cny(principal), annual_rate=Decimal(rate), start=date(2025, 9, 14))
    instalments = schedule(terms).instalments
    assert len(instalments) == 17
    assert all(i.principal.minor >= 1 for i in instalments)


def test_schedule__a_fee__falls_due_with_the_first_instalment() -> None:
    fees = [i.fee for i in schedule(year(Method.INTEREST_FIRST, fee=cny("200"))).instalments]
    assert fees == [cny("200")] + [cny("0")] * 11


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"principal": cny("0")}, "principal"),
        ({"maturity": START}, "maturity"),
        ({"annual_rate": Decimal("-0.01")}, "annual_rate"),
        ({"annual_rate": Decimal("NaN")}, "annual_rate"),
        ({"penalty_rate": Decimal(-1)}, "penalty_rate"),
        ({"period_months": 0}, "period_months"),
        ({"fee": cny("-1")}, "fee"),
        ({"seasonal_dates": (MATURITY,)}, "seasonal_dates"),
        ({"method": Method.SEASONAL}, "seasonal_dates"),
        ({"method": Method.SEASONAL, "seasonal_dates": (date(2026, 6, 1),)}, "seasonal_dates"),
        ({"method": Method.SEASONAL, "seasonal_dates": (START, MATURITY)}, "seasonal_dates"),
        ({"method": Method.SEASONAL, "seasonal_dates": (MATURITY,), "seasonal_weights": (0,)}, "seasonal_weights"),
    ],
)
def test_terms__impossible__loan_terms_invalid_names_the_field(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        year(**{"method": Method.EQUAL_PRINCIPAL, **changes})
    assert (caught.value.code, caught.value.where) == ("loan_terms_invalid", where)


# Cost -----------------------------------------------------------------------------------------------------------------


def test_cost_to_borrower__a_fee__raises_the_yearly_cost() -> None:
    terms = year(Method.BULLET)
    assert cost_to_borrower(terms) == Decimal("0.0659")  # 6.5 % × 365/360
    assert cost_to_borrower(replace(terms, fee=cny("1000"))) == Decimal("0.0759")


def test_check_all_in_cap__fee_lifts_the_cost_above_it__all_in_cap_exceeded_with_figures() -> None:
    terms = year(Method.BULLET, annual_rate=Decimal("0.2300"))
    assert check_all_in_cap(terms) is None
    refusal = check_all_in_cap(replace(terms, fee=cny("1000")))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "all_in_cap_exceeded"
    assert refusal.proof == {"yearly_cost": "0.243194", "cap": "0.24"}
    assert check_all_in_cap(replace(terms, fee=cny("1000")), cap=Decimal("0.25")) is None
