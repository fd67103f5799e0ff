"""Accrual, payments and the states of a loan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from chainfin.errors import ChainfinError, Conflict, Refusal
from chainfin.rules import ledger
from chainfin.rules.loan import (
    Category,
    Due,
    Dues,
    LoanEvent,
    LoanState,
    LoanTerms,
    Method,
    Outcome,
    Payer,
    accrue,
    allocate,
    approve,
    cancel,
    classify,
    disburse,
    pay,
    payoff,
    recover,
    restructure,
    transition,
    write_off,
)
from chainfin.rules.loan.cost import cost_to_borrower
from chainfin.values.money import Money
from tests.unit.loans import BULLET, MATURITY, START, active, balance, cny, paid, year

# Accrual and states ---------------------------------------------------------------------------------------------------


def test_disburse__a_fee__is_posted_apart_and_nothing_is_withheld() -> None:
    outcome = disburse(approve("L1", "bank", "sup", replace(BULLET, fee=cny("50"))), START)
    assert [journal.key for journal in outcome.journals] == ["disburse:L1", "fee:L1:arrangement"]
    entries = [entry for journal in outcome.journals for entry in journal.entries]
    assert balance(entries, ledger.CASH, "CNY") == cny("-100000")
    assert balance(entries, ledger.FEE_RECEIVABLE, "CNY") == cny("50")


def test_disburse__a_day_late__interest_runs_from_the_payout() -> None:
    loan = disburse(approve("L1", "bank", "sup", BULLET), START + timedelta(days=1)).loan
    assert accrue(loan, START + timedelta(days=2)).loan.interest_accrued == cny("18.06")


def test_disburse__on_day_eight_of_ten__fee_is_cut_to_the_cap_and_the_cut_is_posted() -> None:
    """A fee of 400 is within the cap for ten days; for two it isn't."""
    terms = replace(BULLET, maturity=START + timedelta(days=10), fee=cny("400"), cost_cap=Decimal("0.24"))
    assert active(terms).fee_charged == cny("400"), "all of it when paid out in time"
    on = START + timedelta(days=8)
    outcome = disburse(approve("L1", "bank", "sup", terms), on)
    loan = outcome.loan
    # 100,000 at 24 % a year for two days grows to 100,117.93; with interest of 36.11 that leaves 81.82 for the fee
    assert (loan.fee_charged, loan.terms.maturity) == (cny("81.82"), terms.maturity)
    assert cost_to_borrower(loan.terms, places=6) <= Decimal("0.24")
    assert [journal.key for journal in outcome.journals] == ["disburse:L1", "fee:L1:arrangement", "rebate:L1:payout"]
    assert {journal.valued_on for journal in outcome.journals} == {on}
    entries = [entry for journal in outcome.journals for entry in journal.entries]
    assert balance(entries, ledger.FEE_RECEIVABLE, "CNY") == cny("81.82")
    assert balance(entries, ledger.FEE_INCOME, "CNY") == cny("81.82")


def test_accrue__twice_for_one_day__posts_once() -> None:
    first = accrue(active(), START + timedelta(days=1))
    assert [journal.key for journal in first.journals] == ["accrue:L1:on:2026-01-31"]
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
    assert balance(posted, ledger.INTEREST_RECEIVABLE, "CNY") == cny("1625.00")
    assert balance(posted, ledger.PENALTY_RECEIVABLE, "CNY") == cny("270.83")


def test_accrue__on_the_due_date__is_not_overdue_and_the_day_after_is() -> None:
    on_time = accrue(active(), BULLET.maturity).loan
    assert (on_time.state, on_time.days_past_due, on_time.category) == (LoanState.ACTIVE, 0, Category.NORMAL)
    assert (on_time.penalty_accrued, on_time.due_now) == (cny("0"), on_time.dues.total)
    late = accrue(on_time, BULLET.maturity + timedelta(days=1)).loan
    assert (late.state, late.days_past_due, late.category) == (LoanState.OVERDUE, 1, Category.SPECIAL_MENTION)
    assert late.penalty_accrued == cny("9.03")


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
    assert [journal.key for journal in outcome.journals[-2:]] == ["accrue:L1:on:2026-03-31", "payment:P1:L1"]
    entries = outcome.journals[-1].entries
    assert balance(entries, ledger.HOLDER_PAYABLE, "CNY", party="sup") == cny("18916.67")
    assert balance(entries, ledger.CASH, "CNY") == cny("120000")


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


def test_due_now__a_day_late__grows_by_the_penalty() -> None:
    on_time = accrue(active(), BULLET.maturity).loan
    late = accrue(on_time, BULLET.maturity + timedelta(days=1)).loan
    assert late.due_now - on_time.due_now == late.penalty_accrued == cny("9.03")


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
    keys = [journal.key for journal in outcome.journals[-3:]]
    assert keys == ["accrue:L1:on:2026-04-30", "fee:L1:restructure:2026-05-01", "impair:L1:restructure:2026-05-01"]


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
    assert late.impairment.allowance == late.outstanding
    off = write_off(late, on)
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
        (lambda: disburse(approve("L", "b", "s", year(Method.EQUAL_PRINCIPAL)), MATURITY), "disbursement_out_of_term"),
        (lambda: disburse(approve("L", "b", "s", BULLET), START - timedelta(days=1)), "disbursement_out_of_term"),
        (lambda: disburse(active(), START), "loan_transition_refused"),
        (lambda: cancel(active()), "loan_transition_refused"),
        (lambda: write_off(active(), START), "loan_transition_refused"),
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
