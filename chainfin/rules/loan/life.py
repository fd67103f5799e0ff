"""A loan's life: approved, paid out, accrued, paid, restructured, written off, recovered.

Every function takes the loan and a business date and gives back the new loan and the journals to post with it.

**Accrual.** Interest accrued by a day is the *rounded cumulative* interest of all days until then. Each day's own is
posted by a journal of that day, whenever it is reckoned: after a week's standstill seven journals are posted, to their
dates, and the last day of a month stays in its month. However the days are cut into accruals, journals and sums are the
same. A day counts once it is over: on the day of the payout nothing has accrued, and a loan repaid on that day costs
nothing. Penalty is reckoned likewise on the principal that is overdue, from the day after its due date.

**Cost.** A loan that is repaid early must not cost more in a year than its terms' cap, so a payment that settles it
comes with a rebate (`cost.rebate`): of the fee first, then of interest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from chainfin.errors import BadInput, Conflict, Refusal
from chainfin.rules import postings
from chainfin.rules.ledger import Journal
from chainfin.rules.loan import impairment
from chainfin.rules.loan.cost import fee_within, rebate
from chainfin.rules.loan.schedule import schedule
from chainfin.rules.loan.state import ACCRUING, LoanEvent, LoanState, transition
from chainfin.rules.loan.terms import LoanTerms, Method
from chainfin.rules.loan.value import Bill, Loan
from chainfin.rules.loan.waterfall import Allocation, Due, allocate
from chainfin.rules.postings import Impairment, Rebate
from chainfin.values.calendar import Adjustment
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Outcome:
    """A new loan and the journals that go with it, in the order to post."""

    loan: Loan
    journals: tuple[Journal, ...] = ()


class Payer(StrEnum):
    """Who pays. What a borrower pays above what is owed is refused; what a debtor pays above it is the holder's."""

    BORROWER = "borrower"
    DEBTOR = "debtor"


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that was taken: the loan after it, how it was spread, and the journals."""

    loan: Loan
    allocation: Allocation
    journals: tuple[Journal, ...]
    rebate: Rebate | None = None
    """What the borrower was let off as this payment settled the loan."""


def approve(loan_id: str, lender: str, borrower: str, terms: LoanTerms, *, impaired_from: date | None = None) -> Loan:
    """A loan that is agreed and not paid out yet. Raises BadInput loan_terms_invalid if no schedule fits the terms."""
    schedule(terms)
    zero = Money.zero(terms.currency)
    return Loan(
        id=loan_id,
        lender=lender,
        borrower=borrower,
        terms=terms,
        state=LoanState.APPROVED,
        accrued_to=terms.start,
        outstanding=zero,
        product=0,
        penalty_product=0,
        interest_before=zero,
        penalty_before=zero,
        interest_settled=zero,
        penalty_settled=zero,
        fee_charged=zero,
        fee_settled=zero,
        claim=zero,
        impairment=Impairment.none(terms.currency),
        impaired_from=impaired_from,
    )


def cancel(loan: Loan) -> Outcome:
    """End an approved loan that will never be paid out. Raises Conflict loan_transition_refused."""
    return Outcome(replace(loan, state=transition(loan.state, LoanEvent.CANCEL)))


def disburse(loan: Loan, on: date) -> Outcome:
    """The money went out on ``on`` by the bank's word; interest runs from then, even if the terms' start was earlier.

    Money that left late is lent all the same: the maturity stays, and the fee is cut to what the cap allows for the
    days that are left. Where even the maturity was reached, the loan is due on the next business day: nobody can pay
    back before he was paid. Raises Conflict loan_transition_refused, disbursement_out_of_term (before the terms'
    start; of a loan with instalments also once the first is due).
    """
    state = transition(loan.state, LoanEvent.DISBURSE)
    terms = loan.terms
    first = loan.schedule.due_dates[0]
    if on < terms.start or (on >= first and terms.method is not Method.BULLET):
        raise Conflict("disbursement_out_of_term", f"{on} isn't between {terms.start} and the first due date {first}")
    if terms.method is Method.BULLET:
        due = first if on < first else terms.calendar.adjust(on + timedelta(days=1), Adjustment.FOLLOWING)
        terms = replace(terms, start=on, maturity=terms.maturity if on < terms.maturity else due)
    asked, fee = terms.fee_or_zero, fee_within(terms)
    paid_out = replace(
        loan,
        state=state,
        terms=terms if terms.fee is None else replace(terms, fee=fee),
        disbursed_on=on,
        accrued_to=on,
        outstanding=terms.principal,
        fee_charged=fee,
    )
    journals = _with(
        [postings.disbursement(loan.id, loan.lender, terms.principal, on)],
        postings.fee(loan.id, loan.lender, asked, on),
    )
    if fee < asked:
        zero = Money.zero(loan.currency)
        cut = Rebate(fee=asked - fee, interest=zero, principal=zero, fee_income=asked - fee, interest_income=zero)
        journals = (*journals, postings.rebate(loan.id, loan.lender, "payout", cut, on))
    return Outcome(paid_out, journals)


def payout_returned(loan: Loan, on: date) -> Outcome:
    """The bank gave the payout back on ``on``: the borrower never had the money, so it owes neither principal nor what
    was accrued and charged on it. It is accrued up to that day first, so that the books by value date don't depend on
    when days were ended. Nothing was paid on it: payments of such a loan serve nothing (`history`).

    Raises Conflict loan_transition_refused, business_date_backwards.
    """
    accrued = accrue(loan, on)
    loan = accrued.loan
    state = transition(loan.state, LoanEvent.PAYOUT_RETURNED)
    settled = (loan.principal_settled, loan.interest_settled, loan.penalty_settled, loan.fee_settled)
    assert not any(each.minor for each in settled), f"nothing is paid on {loan.id}, whose payout came back"
    zero = Money.zero(loan.currency)
    after = replace(
        loan,
        state=state,
        outstanding=zero,
        product=0,
        penalty_product=0,
        interest_before=zero,
        penalty_before=zero,
        fee_charged=zero,
        bills=(),
    )
    dues = (loan.outstanding, loan.interest_accrued, loan.penalty_accrued, loan.fee_charged)
    after, impaired = impairment.follow(after, "returned", on)
    returned = postings.payout_returned(loan.id, loan.lender, *dues, on)
    return Outcome(after, _with([*accrued.journals, returned], impaired))


def accrue(loan: Loan, on: date) -> Outcome:
    """Interest and penalty of all days before ``on`` not yet accrued, each posted to its own day; the loan falls
    overdue where it is.

    Doing it twice posts once. A loan on which no interest runs stays as it is. Raises Conflict business_date_backwards.
    """
    if loan.state not in ACCRUING:
        return Outcome(loan)
    if on < loan.accrued_to:
        raise Conflict("business_date_backwards", f"{loan.id} is accrued to {loan.accrued_to}; {on} is past")
    journals: list[Journal] = []
    after = loan
    while after.accrued_to < on:
        day, before = after.accrued_to, after
        after = _a_day_more(before)
        interest = after.interest_accrued - before.interest_accrued
        penalty = after.penalty_accrued - before.penalty_accrued
        journals += _with([], postings.accrual(loan.id, loan.lender, interest, penalty, day))
        after, impaired = impairment.follow(after, f"on:{day.isoformat()}", day)
        journals += _with([], impaired)
    return Outcome(_settle_state(after), tuple(journals))


def _a_day_more(loan: Loan) -> Loan:
    # From a due date on, the nights count as overdue: `before=end` takes in what falls due on the day itself.
    end = loan.accrued_to + timedelta(days=1)
    overdue = max(0, loan.principal_scheduled(before=end).minor - loan.principal_settled.minor)
    after = replace(
        loan,
        accrued_to=end,
        product=loan.product + loan.outstanding.minor,
        penalty_product=loan.penalty_product + overdue,
    )
    if end in loan.schedule.due_dates:
        after = replace(after, bills=(*after.bills, Bill(end, after.interest_accrued)))
    return after


def payoff(loan: Loan, on: date) -> Money:
    """What settles the loan on ``on``: only days used are paid for, and no more than the cap on the yearly cost lets.

    Raises Conflict business_date_backwards.
    """
    return _settling(accrue(loan, on).loan)


def _settling(loan: Loan) -> Money:
    off = rebate(loan)
    return loan.dues.total if off is None else loan.dues.total - off.total


def _settle_state(loan: Loan) -> Loan:
    """The state that follows from the figures: overdue while something is past due, cured once nothing is."""
    late = loan.days_past_due > 0
    if late and loan.state is not LoanState.OVERDUE:
        return replace(loan, state=transition(loan.state, LoanEvent.FALL_OVERDUE))
    if not late and loan.state is LoanState.OVERDUE:
        event = LoanEvent.CURE_RESTRUCTURED if loan.restructured else LoanEvent.CURE
        return replace(loan, state=transition(loan.state, event))
    return loan


def pay(loan: Loan, amount: Money, on: date, *, payment: str, payer: Payer, holder: str = "") -> Paid | Refusal:
    """A payment that reached the bank on ``on``, called ``payment``.

    Accrues to ``on``, spreads the amount by the terms' waterfall, posts both. The rest of a debtor's payment is owed to
    ``holder`` (it leaves by an order of its own). Refusal repayment_above_due when a borrower pays
    more than settles the loan. Raises Conflict loan_transition_refused, business_date_backwards; BadInput
    amount_not_positive, currency_mismatch, holder_missing.
    """
    transition(loan.state, LoanEvent.PAY)
    accrued = accrue(loan, on)
    before, journals = accrued.loan, accrued.journals
    off, settling = rebate(before), _settling(before)
    if payer is Payer.BORROWER and amount > settling:
        return _above_due(amount, settling)
    if off is not None and amount >= settling:
        before = _let_off(before, off)
        journals = (*journals, postings.rebate(loan.id, loan.lender, payment, off, on))
    else:
        off = None
    allocation = allocate(amount, before.dues, before.terms.waterfall)
    after = replace(
        before,
        outstanding=before.outstanding - allocation[Due.PRINCIPAL],
        interest_settled=before.interest_settled + allocation[Due.INTEREST] + allocation[Due.OVERDUE_INTEREST],
        penalty_settled=before.penalty_settled + allocation[Due.PENALTY],
        fee_settled=before.fee_settled + allocation[Due.FEE],
        paid=(*before.paid, (on, allocation.allocated - allocation[Due.PENALTY])),
    )
    after = replace(after, bills=tuple(bill for bill in after.bills if bill.interest > after.interest_settled))
    if after.dues.total.minor == 0:
        after = replace(after, state=transition(after.state, LoanEvent.REPAY))
    else:
        after = _settle_state(after)
    parts, rest = allocation.ledger_parts(), allocation.remainder
    posted = postings.receipt(loan.id, loan.lender, payment, parts, remainder=rest, holder=holder, on=on)
    after, impaired = impairment.follow(after, f"payment:{payment}", on)
    return Paid(after, allocation, _with([*journals, posted], impaired), off)


def _let_off(loan: Loan, off: Rebate) -> Loan:
    """What isn't asked for any more counts as settled."""
    return replace(
        loan,
        fee_settled=loan.fee_settled + off.fee,
        interest_settled=loan.interest_settled + off.interest,
        outstanding=loan.outstanding - off.principal,
    )


def _above_due(amount: Money, due: Money) -> Refusal:
    return Refusal(
        "repayment_above_due",
        f"{amount} {amount.currency} is more than the {due} that settles the loan",
        {"amount": str(amount), "due": str(due), "currency": amount.currency},
    )


def restructure(loan: Loan, on: date, terms: LoanTerms) -> Outcome:
    """The outstanding principal goes on under new ``terms`` from ``on``; interest owed so far stays owed and falls due
    with the new first instalment. A fee of the new terms is charged.

    Raises Conflict loan_transition_refused, business_date_backwards; BadInput loan_terms_invalid when the new terms
    aren't about the principal outstanding from that day.
    """
    state = transition(loan.state, LoanEvent.RESTRUCTURE)
    accrued = accrue(loan, on)
    before = accrued.loan
    if terms.start != on or terms.principal != before.outstanding:
        raise BadInput("loan_terms_invalid", f"new terms must be of {before.outstanding} from {on}", where="principal")
    schedule(terms)
    after = replace(
        before,
        state=state,
        terms=terms,
        interest_before=before.interest_accrued,
        penalty_before=before.penalty_accrued,
        product=0,
        penalty_product=0,
        bills=(),
        restructured=True,
        fee_charged=before.fee_charged + terms.fee_or_zero,
    )
    fee = postings.fee(loan.id, loan.lender, terms.fee_or_zero, on, name=f"restructure:{on.isoformat()}")
    after, impaired = impairment.follow(after, f"restructure:{on.isoformat()}", on)
    return Outcome(after, _with(list(_with(list(accrued.journals), fee)), impaired))


def write_off(loan: Loan, on: date) -> Outcome:
    """Everything owed leaves the books: interest in suspense against its suspense, the rest against the allowance and
    what that doesn't cover as a loss. The claim on the borrower stays.

    Raises Conflict loan_transition_refused (only an overdue loan), business_date_backwards.
    """
    accrued = accrue(loan, on)
    before = accrued.loan
    state = transition(before.state, LoanEvent.WRITE_OFF)
    dues = before.dues
    everything = allocate(dues.total, dues, before.terms.waterfall)
    after = replace(
        before,
        state=state,
        claim=dues.total,
        outstanding=Money.zero(loan.currency),
        interest_settled=before.interest_accrued,
        penalty_settled=before.penalty_accrued,
        fee_settled=before.fee_charged,
        bills=(),
        impairment=Impairment.none(loan.currency),
    )
    posted = postings.write_off(loan.id, loan.lender, everything.ledger_parts(), before.impairment, on)
    return Outcome(after, (*accrued.journals, posted))


def recover(loan: Loan, amount: Money, on: date, *, payment: str) -> Outcome | Refusal:
    """Money on a loan that was written off. Refusal repayment_above_due beyond the claim.

    Raises Conflict loan_transition_refused, BadInput amount_not_positive.
    """
    transition(loan.state, LoanEvent.RECOVER)
    if amount.minor <= 0:
        raise BadInput("amount_not_positive", f"a recovery must be greater than zero, not {amount}")
    if amount > loan.claim:
        return _above_due(amount, loan.claim)
    event = LoanEvent.RECOVER_FULLY if amount == loan.claim else LoanEvent.RECOVER
    after = replace(loan, state=transition(loan.state, event), claim=loan.claim - amount)
    return Outcome(after, (postings.recovery(loan.id, loan.lender, payment, amount, on),))


def _with(journals: list[Journal], more: Journal | None) -> tuple[Journal, ...]:
    return tuple(journals) if more is None else (*journals, more)
