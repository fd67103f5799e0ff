"""Laws of loans: schedules and waterfalls conserve, accrual is the same however days are cut, books agree."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chainfin.errors import Refusal
from chainfin.rules import ledger
from chainfin.rules.ledger import Journal
from chainfin.rules.loan import (
    Due,
    Dues,
    Loan,
    LoanState,
    LoanTerms,
    Method,
    Outcome,
    Payer,
    accrue,
    allocate,
    approve,
    disburse,
    impairment,
    pay,
    payoff,
    recover,
    schedule,
    write_off,
)
from chainfin.rules.loan.state import ACCRUING
from chainfin.values.calendar import Adjustment
from chainfin.values.money import DayCount, Money, interest_on_product
from tests.unit.loans import balance


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


yearly = st.integers(0, 360_000).map(lambda units: Decimal(units).scaleb(-6)) | st.just(Decimal(99))


@st.composite
def terms_of(draw: st.DrawFn) -> LoanTerms:
    start = draw(st.dates(date(2024, 1, 1), date(2027, 6, 1)))
    maturity = start + timedelta(days=draw(st.integers(1, 400)))
    method = draw(st.sampled_from(Method))
    seasons: tuple[date, ...] = ()
    if method is Method.SEASONAL:
        between = st.integers(1, (maturity - start).days).map(lambda days: start + timedelta(days=days))
        seasons = tuple(sorted({*draw(st.lists(between, max_size=4)), maturity}))
    return LoanTerms(
        principal=cny(draw(st.integers(20, 10**11))),
        annual_rate=draw(yearly),
        start=start,
        maturity=maturity,
        method=method,
        day_count=draw(st.sampled_from(DayCount)),
        fee=draw(st.none() | st.builds(cny, st.integers(0, 10**6))),
        penalty_rate=draw(yearly),
        period_months=draw(st.integers(1, 4)),
        seasonal_dates=seasons,
        adjustment=draw(st.sampled_from(Adjustment)),
    )


@given(terms_of())
def test_schedule__any_terms__conserves_principal_and_ends_at_zero(terms: LoanTerms) -> None:
    made = schedule(terms).instalments
    assert sum(i.principal.minor for i in made) == terms.principal.minor
    assert all(i.principal.minor >= 0 and i.interest.minor >= 0 for i in made)
    assert made[-1].balance.minor == 0
    assert all(i.balance.minor > 0 for i in made[:-1])
    assert sum(i.fee.minor for i in made) == terms.fee_or_zero.minor


@given(terms_of())
def test_schedule__any_terms__dates_ascend_within_the_term_and_numbers_count(terms: LoanTerms) -> None:
    made = schedule(terms).instalments
    dates = [i.due for i in made]
    assert dates == sorted(set(dates))
    assert dates[0] > terms.start
    assert [i.number for i in made] == list(range(1, len(made) + 1))


@given(terms_of())
def test_schedule__any_terms__interest_is_that_of_the_balances(terms: LoanTerms) -> None:
    made = schedule(terms)
    product, balance, since = 0, terms.principal.minor, terms.start
    for instalment in made.instalments:
        product += balance * (instalment.due - since).days
        balance, since = instalment.balance.minor, instalment.due
    assert made.interest == interest_on_product(product, terms.annual_rate, terms.day_count, "CNY")


@given(terms_of())
def test_loan__every_instalment_on_its_date__is_repaid_by_the_schedule_to_the_fen(terms: LoanTerms) -> None:
    loan = disburse(approve("L1", "bank", "sup", terms), terms.start).loan
    for instalment in schedule(terms).instalments:
        due = accrue(loan, instalment.due).loan.due_now
        assert due == instalment.total
        if due.minor:
            outcome = pay(loan, due, instalment.due, payment=str(instalment.number), payer=Payer.BORROWER)
            assert not isinstance(outcome, Refusal)
            loan = outcome.loan
    assert loan.state is LoanState.REPAID


@given(terms_of(), st.lists(st.integers(0, 120), min_size=1, max_size=8))
def test_accrue__any_partition_of_the_days__posts_the_same_in_all(terms: LoanTerms, steps: list[int]) -> None:
    start = disburse(approve("L1", "bank", "sup", terms), terms.start).loan
    cut, journals, day = start, list[Journal](), terms.start
    for step in steps:
        day += timedelta(days=step)
        outcome = accrue(cut, day)
        cut = outcome.loan
        journals += outcome.journals
    at_once = accrue(start, day)
    assert cut == at_once.loan
    for of in (ledger.INTEREST_RECEIVABLE, ledger.PENALTY_RECEIVABLE):
        pieces = [entry for journal in journals for entry in journal.entries]
        whole = [entry for journal in at_once.journals for entry in journal.entries]
        assert balance(pieces, of, "CNY") == balance(whole, of, "CNY")


@given(terms_of(), st.integers(0, 500), st.integers(0, 100))
def test_payoff__a_later_day__never_costs_less(terms: LoanTerms, days: int, more: int) -> None:
    loan = disburse(approve("L1", "bank", "sup", terms), terms.start).loan
    on = terms.start + timedelta(days=days)
    assert payoff(loan, on) <= payoff(loan, on + timedelta(days=more))


parts = st.builds(cny, st.integers(0, 10**9))


@given(st.builds(Dues, parts, parts, parts, parts, parts), st.integers(1, 10**10), st.permutations(list(Due)))
def test_allocate__any_payment_and_order__adds_up_and_serves_in_order(dues: Dues, paid: int, order: list[Due]) -> None:
    allocation = allocate(cny(paid), dues, order)
    assert allocation.allocated + allocation.remainder == cny(paid)
    assert [due for due, _ in allocation.parts] == order
    full = [part == dues[due] for due, part in allocation.parts]
    for place, due in enumerate(order):
        assert allocation[due] <= dues[due]
        assert all(full[:place]) or allocation[due].minor == 0
    assert all(full) or allocation.remainder.minor == 0


class LoanAndBooks(RuleBasedStateMachine):
    """A loan under any sequence of days, payments, write-off and recovery; the books must tell the same story."""

    @initialize(terms=terms_of())
    def begin(self, terms: LoanTerms) -> None:
        self.journals: list[Journal] = []
        self.today = terms.start
        self.payments = 0
        outcome = disburse(approve("L1", "bank", "sup", terms), terms.start)
        self.take(outcome.loan, outcome.journals)

    def take(self, loan: Loan, journals: tuple[Journal, ...]) -> None:
        self.loan = loan
        self.journals += journals

    @rule(days=st.integers(1, 60))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)
        outcome = accrue(self.loan, self.today)
        self.take(outcome.loan, outcome.journals)

    @rule(share=st.integers(1, 130), payer=st.sampled_from(Payer))
    def a_payment_comes(self, share: int, payer: Payer) -> None:
        if self.loan.state not in ACCRUING:
            return
        self.payments += 1
        due = payoff(self.loan, self.today)
        amount = cny(max(1, due.minor * share // 100))
        outcome = pay(self.loan, amount, self.today, payment=str(self.payments), payer=payer, holder="sup")
        assert isinstance(outcome, Refusal) is (payer is Payer.BORROWER and amount > due)
        if not isinstance(outcome, Refusal):
            assert outcome.allocation.allocated + outcome.allocation.remainder == amount
            self.take(outcome.loan, outcome.journals)

    @rule()
    def it_is_written_off(self) -> None:
        if self.loan.state is not LoanState.OVERDUE or self.loan.days_past_due < 60:
            return
        outcome = write_off(self.loan, self.today)
        self.take(outcome.loan, outcome.journals)

    @rule(share=st.integers(1, 100))
    def something_is_recovered(self, share: int) -> None:
        if self.loan.state is not LoanState.WRITTEN_OFF:
            return
        self.payments += 1
        amount = cny(max(1, self.loan.claim.minor * share // 100))
        outcome = recover(self.loan, amount, self.today, payment=str(self.payments))
        assert isinstance(outcome, Outcome)
        self.take(outcome.loan, outcome.journals)

    @invariant()
    def the_books_balance_and_agree_with_the_loan(self) -> None:
        if not hasattr(self, "loan"):
            return
        entries = [entry for journal in self.journals for entry in journal.entries]
        assert ledger.out_of_balance(ledger.trial_balance(entries)) == {}
        dues = self.loan.dues
        for of, amount in (
            (ledger.LOANS, dues.principal),
            (ledger.FEE_RECEIVABLE, dues.fee),
            (ledger.PENALTY_RECEIVABLE, dues.penalty),
            (ledger.INTEREST_RECEIVABLE, dues.interest + dues.overdue_interest),
        ):
            assert balance(entries, of, "CNY", ref="L1") == amount
        assert all(dues[due].minor >= 0 for due in Due)
        wanted = impairment.due(self.loan)
        assert balance(entries, ledger.ALLOWANCE, "CNY", ref="L1") == wanted.allowance
        assert balance(entries, ledger.INTEREST_SUSPENDED, "CNY", ref="L1") == wanted.interest
        assert balance(entries, ledger.PENALTY_SUSPENDED, "CNY", ref="L1") == wanted.penalty
        if self.loan.category in impairment.NOT_EARNING and self.loan.state is LoanState.OVERDUE:
            paid = self.loan.interest_settled + self.loan.penalty_settled
            earned = balance(entries, ledger.INTEREST_INCOME, "CNY") + balance(entries, ledger.PENALTY_INCOME, "CNY")
            assert earned <= paid, "what isn't paid is no income"

    @invariant()
    def every_journal_has_a_key_of_its_own(self) -> None:
        if hasattr(self, "loan"):
            assert len({journal.key for journal in self.journals}) == len(self.journals)

    @invariant()
    def overdue_means_past_due(self) -> None:
        if hasattr(self, "loan") and self.loan.state in ACCRUING:
            assert (self.loan.state is LoanState.OVERDUE) is (self.loan.days_past_due > 0)


TestLoanAndBooks = LoanAndBooks.TestCase
TestLoanAndBooks.settings = settings(max_examples=60, stateful_step_count=25)
