"""Terms, schedules, accrual, payments and the states of a loan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chainfin import ledger
from chainfin.calendar import Adjustment
from chainfin.errors import BadInput, ChainfinError, Conflict, Refusal
from chainfin.loan import (
    Category,
    Due,
    Dues,
    Loan,
    LoanEvent,
    LoanState,
    LoanTerms,
    Method,
    Outcome,
    Paid,
    Payer,
    accrue,
    allocate,
    approve,
    cancel,
    check_all_in_cap,
    classify,
    cost_to_borrower,
    disburse,
    pay,
    payoff,
    recover,
    restructure,
    schedule,
    transition,
    write_off,
)
from chainfin.money import Money

START = date(2026, 1, 31)
MATURITY = date(2027, 1, 31)


def cny(text: str) -> Money:
    return Money.parse(text, "CNY")


BULLET = LoanTerms(cny("100000"), Decimal("0.065"), START, date(2026, 4, 1), penalty_rate=Decimal("0.0325"))


def year(method: Method, **changes: Any) -> LoanTerms:
    terms = {"principal": cny("100000"), "annual_rate": Decimal("0.065"), "start": START, "maturity": MATURITY}
    return LoanTerms(**{**terms, "method": method, **changes})


def active(terms: LoanTerms = BULLET) -> Loan:
    return disburse(approve("L1", "bank", "sup", terms), terms.start).loan


def paid(loan: Loan, amount: str, on: date, *, payer: Payer = Payer.BORROWER, payment: str = "P1") -> Paid:
    outcome = pay(loan, cny(amount), on, payment=payment, payer=payer, holder="sup")
    assert isinstance(outcome, Paid)
    return outcome


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


# Accrual and states ---------------------------------------------------------------------------------------------------


def test_disburse__a_fee__is_posted_apart_and_nothing_is_withheld() -> None:
    outcome = disburse(approve("L1", "bank", "sup", replace(BULLET, fee=cny("50"))), START)
    assert [journal.key for journal in outcome.journals] == ["disburse:L1", "fee:L1:arrangement"]
    entries = [entry for journal in outcome.journals for entry in journal.entries]
    assert ledger.balance(entries, ledger.CASH, "CNY") == cny("-100000")
    assert ledger.balance(entries, ledger.FEE_RECEIVABLE, "CNY") == cny("50")


def test_disburse__a_day_late__interest_runs_from_the_payout() -> None:
    loan = disburse(approve("L1", "bank", "sup", BULLET), START + timedelta(days=1)).loan
    assert accrue(loan, START + timedelta(days=2)).loan.interest_accrued == cny("18.06")


def test_accrue__twice_for_one_day__posts_once() -> None:
    first = accrue(active(), START + timedelta(days=1))
    assert [journal.key for journal in first.journals] == ["accrue:L1:2026-02-01"]
    assert accrue(first.loan, START + timedelta(days=1)) == Outcome(first.loan)


def test_accrue__daily_or_at_once__same_interest_and_penalty() -> None:
    days = 90  # 30 of them past due
    daily = active()
    posted: list[ledger.Entry] = []
    for day in range(1, days + 1):
        outcome = accrue(daily, START + timedelta(days=day))
        daily, posted = outcome.loan, posted + [e for j in outcome.journals for e in j.entries]
    at_once = accrue(active(), START + timedelta(days=days)).loan
    assert daily == at_once
    assert at_once.interest_accrued == cny("1625.00")
    assert at_once.penalty_accrued == cny("270.83")  # 30 days of 3.25 %
    assert ledger.balance(posted, ledger.INTEREST_RECEIVABLE, "CNY") == cny("1625.00")
    assert ledger.balance(posted, ledger.PENALTY_RECEIVABLE, "CNY") == cny("270.83")


def test_accrue__on_the_due_date__is_not_overdue_and_the_day_after_is() -> None:
    on_time = accrue(active(), BULLET.maturity).loan
    assert (on_time.state, on_time.days_past_due, on_time.category) == (LoanState.ACTIVE, 0, Category.NORMAL)
    assert (on_time.penalty_accrued, on_time.due_now) == (cny("0"), on_time.dues.total)
    late = accrue(on_time, BULLET.maturity + timedelta(days=1)).loan
    assert (late.state, late.days_past_due, late.category) == (LoanState.OVERDUE, 1, Category.SPECIAL_MENTION)
    assert late.penalty_accrued == cny("9.03")
    assert late.overdue_principal == cny("100000")


def test_due_now__second_month_of_interest_first__is_the_interest_billed() -> None:
    loan = accrue(active(year(Method.INTEREST_FIRST, fee=cny("10"))), date(2026, 3, 5)).loan
    assert loan.due_now == cny("515.56")
    assert loan.days_past_due == 5


def test_accrue__not_paid_out_yet__nothing_runs() -> None:
    loan = approve("L1", "bank", "sup", BULLET)
    assert accrue(loan, MATURITY) == Outcome(loan)


# Payments -------------------------------------------------------------------------------------------------------------


def test_payoff__on_the_day_of_the_payout__costs_nothing_and_later_only_the_days_used() -> None:
    assert payoff(active(), START) == cny("100000")
    assert payoff(active(), START + timedelta(days=10)) == cny("100180.56")


def test_pay__early_in_full__repaid_and_nothing_more_accrues() -> None:
    done = paid(active(), "100180.56", START + timedelta(days=10)).loan
    assert done.state is LoanState.REPAID
    assert accrue(done, MATURITY).loan == done
    assert done.dues.total == cny("0")


def test_pay__debtor_above_the_loan__lender_first_the_rest_to_the_holder() -> None:
    outcome = paid(active(), "120000", BULLET.maturity, payer=Payer.DEBTOR)
    assert outcome.allocation[Due.INTEREST] == cny("1083.33")
    assert outcome.allocation[Due.PRINCIPAL] == cny("100000")
    assert outcome.allocation.remainder == cny("18916.67")
    assert [journal.key for journal in outcome.journals] == ["accrue:L1:2026-04-01", "payment:P1:L1"]
    entries = outcome.journals[-1].entries
    assert ledger.balance(entries, ledger.HOLDER_PAYABLE, "CNY", party="sup") == cny("18916.67")
    assert ledger.balance(entries, ledger.CASH, "CNY") == cny("120000")


def test_pay__borrower_above_what_is_due__repayment_above_due() -> None:
    refusal = pay(active(), cny("100000.01"), START, payment="P1", payer=Payer.BORROWER)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "repayment_above_due"
    assert refusal.proof == {"amount": "100000.01", "due": "100000.00", "currency": "CNY"}


def test_pay__part_early__interest_runs_on_the_rest_only() -> None:
    loan = paid(active(), "50180.56", START + timedelta(days=10)).loan
    assert (loan.outstanding, loan.state) == (cny("50000"), LoanState.ACTIVE)
    # 90.277… by itself; 270.833… in all rounds to 270.83, of which 180.56 is paid.
    assert payoff(loan, START + timedelta(days=20)) == cny("50090.27")


def test_pay__late_in_part__penalty_then_overdue_interest_before_principal() -> None:
    allocation = paid(active(), "1500", BULLET.maturity + timedelta(days=10)).allocation
    assert [(due, part) for due, part in allocation.parts] == [
        (Due.FEE, cny("0")),
        (Due.PENALTY, cny("90.28")),
        (Due.OVERDUE_INTEREST, cny("1083.33")),
        (Due.INTEREST, cny("180.56")),
        (Due.PRINCIPAL, cny("145.83")),
    ]


def test_pay__arrears_of_instalments__cures_the_loan() -> None:
    terms = year(Method.EQUAL_PRINCIPAL)
    late = accrue(active(terms), date(2026, 3, 10)).loan
    assert (late.state, late.days_past_due) == (LoanState.OVERDUE, 10)
    cured = paid(late, str(late.dues.total - late.dues.principal + cny("8333.33")), date(2026, 3, 10)).loan
    assert (cured.state, cured.days_past_due) == (LoanState.ACTIVE, 0)


def test_pay__part_of_the_interest_billed__stays_as_late_as_it_was() -> None:
    late = accrue(active(year(Method.INTEREST_FIRST)), date(2026, 4, 5)).loan
    assert late.days_past_due == 36
    still = paid(late, "500", date(2026, 4, 5)).loan  # 505.56 was due on 28 February
    assert (still.state, still.days_past_due) == (LoanState.OVERDUE, 36)
    assert still.due_now == cny("565.28")
    less = paid(still, "5.56", date(2026, 4, 5), payment="P2").loan
    assert (less.state, less.days_past_due) == (LoanState.OVERDUE, 5)


def test_pay__principal_ahead__serves_the_next_instalments() -> None:
    ahead = paid(active(year(Method.EQUAL_PRINCIPAL)), "17000", START).loan
    later = accrue(ahead, date(2026, 3, 31)).loan
    assert later.due_now == later.interest_accrued  # the interest of two months, no principal before April
    assert later.overdue_principal == cny("0")


def test_allocate__order_is_data__principal_may_come_first() -> None:
    dues = Dues(cny("1"), cny("2"), cny("3"), cny("4"), cny("5"))
    order = (Due.PRINCIPAL, Due.INTEREST, Due.OVERDUE_INTEREST, Due.PENALTY, Due.FEE)
    allocation = allocate(cny("7"), dues, order)
    assert [part for _, part in allocation.parts] == [cny("5"), cny("2"), cny("0"), cny("0"), cny("0")]


# Trouble --------------------------------------------------------------------------------------------------------------


def test_restructure__an_overdue_loan__old_interest_stays_owed_and_new_terms_rule() -> None:
    on = BULLET.maturity + timedelta(days=30)
    terms = LoanTerms(cny("100000"), Decimal("0.05"), on, date(2027, 5, 1), Method.EQUAL_PRINCIPAL, fee=cny("5"))
    outcome = restructure(active(), on, terms)
    loan = outcome.loan
    assert (loan.state, loan.days_past_due, loan.category) == (LoanState.RESTRUCTURED, 0, Category.SPECIAL_MENTION)
    assert loan.dues.interest == cny("1625.00")
    assert accrue(loan, on + timedelta(days=36)).loan.interest_accrued == cny("2125.00")
    assert [journal.key for journal in outcome.journals] == ["accrue:L1:2026-05-01", "fee:L1:restructure:2026-05-01"]


def test_restructure__falls_overdue_again_and_is_paid_up__is_restructured_again() -> None:
    on = BULLET.maturity + timedelta(days=30)
    loan = restructure(active(), on, LoanTerms(cny("100000"), Decimal(0), on, date(2027, 5, 1))).loan
    late = accrue(loan, date(2027, 5, 3)).loan
    assert late.state is LoanState.OVERDUE
    again = restructure(late, date(2027, 5, 3), replace(loan.terms, start=date(2027, 5, 3), maturity=date(2028, 1, 1)))
    assert again.loan.state is LoanState.RESTRUCTURED
    monthly = LoanTerms(cny("100000"), Decimal(0), on, date(2027, 5, 1), Method.EQUAL_PRINCIPAL)
    behind = accrue(restructure(active(), on, monthly).loan, date(2026, 6, 3)).loan
    assert behind.state is LoanState.OVERDUE
    assert paid(behind, "20000", date(2026, 6, 3)).loan.state is LoanState.RESTRUCTURED


def test_write_off__then_recovered_in_two_steps__leaves_the_books_and_ends_recovered() -> None:
    on = BULLET.maturity + timedelta(days=361)
    late = accrue(active(), on).loan
    assert late.category is Category.LOSS
    off = write_off(late, on, allowance=cny("60000"))
    assert (off.loan.state, off.loan.claim, off.loan.outstanding) == (
        LoanState.WRITTEN_OFF,
        late.dues.total,
        cny("0"),
    )
    assert [journal.key for journal in off.journals] == ["write-off:L1"]
    assert off.loan.category is Category.LOSS
    part = recover(off.loan, cny("1000"), on, payment="R1")
    assert isinstance(part, Outcome)
    assert part.loan.state is LoanState.WRITTEN_OFF
    too_much = recover(part.loan, off.loan.claim, on, payment="R2")
    assert isinstance(too_much, Refusal)
    assert too_much.code == "repayment_above_due"
    rest = recover(part.loan, part.loan.claim, on, payment="R2")
    assert isinstance(rest, Outcome)
    assert rest.loan.state is LoanState.RECOVERED
    assert [journal.key for journal in rest.journals] == ["recovery:R2:L1"]


def test_cancel__before_the_payout__ends_it() -> None:
    assert cancel(approve("L1", "bank", "sup", BULLET)).loan.state is LoanState.CANCELLED


@pytest.mark.parametrize(
    ("days", "restructured", "category"),
    [
        (0, False, Category.NORMAL),
        (0, True, Category.SPECIAL_MENTION),
        (1, False, Category.SPECIAL_MENTION),
        (90, False, Category.SPECIAL_MENTION),
        (91, False, Category.SUBSTANDARD),
        (270, False, Category.SUBSTANDARD),
        (271, False, Category.DOUBTFUL),
        (360, False, Category.DOUBTFUL),
        (361, True, Category.LOSS),
    ],
)
def test_classify__days_past_due__is_the_five_category_floor(days: int, restructured: bool, category: Category) -> None:
    assert classify(days, restructured=restructured) is category


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: accrue(active(), START - timedelta(days=1)), "business_date_backwards"),
        (lambda: disburse(approve("L", "b", "s", BULLET), BULLET.maturity), "disbursement_out_of_term"),
        (lambda: disburse(approve("L", "b", "s", BULLET), START - timedelta(days=1)), "disbursement_out_of_term"),
        (lambda: disburse(active(), START), "loan_transition_refused"),
        (lambda: cancel(active()), "loan_transition_refused"),
        (lambda: write_off(active(), START, allowance=cny("0")), "loan_transition_refused"),
        (lambda: recover(active(), cny("1"), START, payment="P"), "loan_transition_refused"),
        (lambda: paid(approve("L", "b", "s", BULLET), "1", START), "loan_transition_refused"),
        (lambda: paid(paid(active(), "100000", START).loan, "1", START), "loan_transition_refused"),
        (lambda: paid(active(), "0", START), "amount_not_positive"),
        (lambda: pay(active(), Money(1, "USD"), START, payment="P", payer=Payer.DEBTOR), "currency_mismatch"),
        (lambda: pay(active(), cny("200000"), START, payment="P", payer=Payer.DEBTOR), "holder_missing"),
        (lambda: restructure(active(), START, replace(BULLET, principal=cny("1"))), "loan_terms_invalid"),
        (lambda: replace(BULLET, waterfall=(Due.PRINCIPAL,)), "waterfall_invalid"),
        (lambda: replace(BULLET, fee=Money(1, "USD")), "currency_mismatch"),
        (lambda: approve("L", "b", "s", year(Method.EQUAL_PRINCIPAL, principal=cny("0.11"))), "loan_terms_invalid"),
    ],
)
def test_loan__what_may_not_be__is_refused_by_code(call: Callable[[], object], code: str) -> None:
    with pytest.raises(ChainfinError) as caught:
        call()
    assert caught.value.code == code


@pytest.mark.parametrize("state", [LoanState.REPAID, LoanState.RECOVERED, LoanState.CANCELLED])
def test_transition__from_an_end__nothing_goes_on(state: LoanState) -> None:
    for event in LoanEvent:
        with pytest.raises(Conflict, match="loan_transition_refused"):
            transition(state, event)


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
