"""A loan as a value: what is owed, how late it is, and what follows from these figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from chainfin.rules.loan.schedule import Schedule, schedule
from chainfin.rules.loan.state import ACCRUING, Category, LoanState, classify
from chainfin.rules.loan.terms import LoanTerms
from chainfin.rules.loan.waterfall import Dues
from chainfin.rules.postings import Impairment
from chainfin.values.money import Money, days_between, interest_on_product


@dataclass(frozen=True, slots=True)
class Bill:
    """A due date that has passed, and all interest accrued up to it."""

    due: date
    interest: Money


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as of ``accrued_to``. Amounts are cumulative unless said otherwise.

    ``outstanding`` is the principal still owed. ``product`` and ``penalty_product`` are interest products (计息积数)
    under the present terms: the sum over days of the (overdue) principal in minor units; ``interest_before`` and
    ``penalty_before`` were accrued under earlier terms. ``…_settled``: paid, or written off. ``claim`` is what is
    left to recover after a write-off. ``paid``: what came in by day, penalties left out: with the principal the flows
    by which the loan's yearly cost is reckoned. ``impaired_from``: the first value date on which the books follow its
    impairment (None: always), for loans that were lent before they did.
    """

    id: str
    lender: str
    borrower: str
    terms: LoanTerms
    state: LoanState
    accrued_to: date
    outstanding: Money
    product: int
    penalty_product: int
    interest_before: Money
    penalty_before: Money
    interest_settled: Money
    penalty_settled: Money
    fee_charged: Money
    fee_settled: Money
    claim: Money
    impairment: Impairment
    disbursed_on: date | None = None
    restructured: bool = False
    bills: tuple[Bill, ...] = ()
    paid: tuple[tuple[date, Money], ...] = ()
    impaired_from: date | None = None

    @property
    def currency(self) -> str:
        return self.terms.currency

    @property
    def schedule(self) -> Schedule:
        return schedule(self.terms)

    @property
    def interest_accrued(self) -> Money:
        terms = self.terms
        return self.interest_before + interest_on_product(
            self.product, terms.annual_rate, terms.day_count, self.currency
        )

    @property
    def penalty_accrued(self) -> Money:
        terms = self.terms
        return self.penalty_before + interest_on_product(
            self.penalty_product, terms.penalty_rate, terms.day_count, self.currency
        )

    @property
    def due_now(self) -> Money:
        """What must be paid by the end of ``accrued_to`` to be on time; less than `dues` before the last instalment."""
        on = self.accrued_to
        principal = at_least_zero(self.schedule.principal_due(on) - self.principal_settled)
        billed = max((bill.interest for bill in self.bills), default=Money.zero(self.currency))
        interest = at_least_zero(billed - self.interest_settled)
        fee = self.fee_charged - self.fee_settled if self.schedule.due_dates[0] <= on else Money.zero(self.currency)
        return principal + interest + fee + self.penalty_accrued - self.penalty_settled

    @property
    def dues(self) -> Dues:
        """What settles the loan on ``accrued_to``, part by part. Accrue first to know it on another day."""
        unpaid = self.interest_accrued - self.interest_settled
        overdue = max((b.interest for b in self.bills if b.due < self.accrued_to), default=Money.zero(self.currency))
        overdue_interest = at_least_zero(overdue - self.interest_settled)
        return Dues(
            fee=self.fee_charged - self.fee_settled,
            penalty=self.penalty_accrued - self.penalty_settled,
            overdue_interest=overdue_interest,
            interest=unpaid - overdue_interest,
            principal=self.outstanding,
        )

    @property
    def days_past_due(self) -> int:
        """Days since the earliest due date whose principal or interest isn't fully paid; 0 when on time."""
        if self.state not in ACCRUING:
            return 0
        unpaid = [bill.due for bill in self.bills if bill.interest > self.interest_settled]
        scheduled = Money.zero(self.currency)
        for instalment in self.schedule.instalments:
            scheduled += instalment.principal
            if scheduled > self.principal_settled:
                unpaid.append(instalment.due)
                break
        return max(0, days_between(min(unpaid), self.accrued_to)) if unpaid else 0

    @property
    def unpaid_since(self) -> date:
        """The earliest due date whose principal or interest isn't fully paid; the day itself when on time."""
        return self.accrued_to - timedelta(days=self.days_past_due)

    @property
    def category(self) -> Category:
        """Five-category classification by days past due (the floor; judgement may put it lower)."""
        if self.state is LoanState.WRITTEN_OFF:
            return Category.LOSS
        return classify(self.days_past_due, restructured=self.restructured)

    @property
    def principal_settled(self) -> Money:
        """Principal under the present terms that is paid (or written off)."""
        return self.terms.principal - self.outstanding

    def principal_scheduled(self, *, before: date) -> Money:
        """Principal of the instalments due earlier than ``before``."""
        due = (i.principal for i in self.schedule.instalments if i.due < before)
        return sum(due, Money.zero(self.currency))


def at_least_zero(amount: Money) -> Money:
    return max(amount, Money.zero(amount.currency))
