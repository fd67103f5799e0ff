"""The yearly all-in cost of a loan to its borrower, and the cap on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal, localcontext

from chainfin.errors import Refusal
from chainfin.rules.loan.schedule import schedule
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.loan.terms import LoanTerms
from chainfin.rules.loan.value import Loan
from chainfin.rules.postings import Rebate
from chainfin.values.money import Money, days_between, xirr

ALL_IN_CAP = Decimal("0.24")
"""The default cap on the yearly cost, fees included. A parameter of the policy, not a law of this package."""


def cost_to_borrower(terms: LoanTerms, *, places: int = 4) -> Decimal:
    """The effective yearly rate (IRR, ACT/365) of the principal received and everything that is to be paid for it."""
    flows = [(terms.start, terms.principal)]
    flows += [(instalment.due, -instalment.total) for instalment in schedule(terms).instalments]
    return xirr(flows, places=places)


def check_all_in_cap(terms: LoanTerms, cap: Decimal = ALL_IN_CAP) -> Refusal | None:
    """None if the yearly cost is at most ``cap``, else the refusal all_in_cap_exceeded with both figures."""
    cost = cost_to_borrower(terms, places=6)
    if cost <= cap:
        return None
    return Refusal(
        "all_in_cap_exceeded",
        f"the loan would cost {cost:%} a year, fees included; at most {cap:%} is allowed",
        {"yearly_cost": str(cost), "cap": str(cap)},
    )


def check_start(terms: LoanTerms, on: date) -> Refusal | None:
    """Whether the terms still hold for money that leaves on ``on``, which may be later than they thought: the refusal
    loan_term_over (the loan would be due by then) or all_in_cap_exceeded (fewer days for the same fee), or None."""
    due = schedule(terms).due_dates[-1]
    if on >= due or on >= terms.maturity:
        return Refusal("loan_term_over", f"the loan would have been due on {due}", {"due": due.isoformat()})
    if on <= terms.start:
        return None
    cap = ALL_IN_CAP if terms.cost_cap is None else terms.cost_cap
    return check_all_in_cap(replace(terms, start=on), cap)


def fee_within(terms: LoanTerms) -> Money:
    """As much of the terms' fee as the cap lets a borrower pay that keeps to the schedule; rounded down to the fen."""
    if terms.cost_cap is None:
        return terms.fee_or_zero
    instalments = schedule(terms).instalments
    owed = [(instalment.due, instalment.principal + instalment.interest) for instalment in instalments]
    first = instalments[0].due
    flows = [(terms.start, terms.principal.minor), *((due, -sum_.minor) for due, sum_ in owed)]
    room = max(0, _down(_grown(flows, first, terms.cost_cap)))
    return Money(min(terms.fee_or_zero.minor, room), terms.currency)


def rebate(loan: Loan) -> Rebate | None:
    """What the borrower is let off if it settles the loan on the day to which it is accrued, so that principal,
    interest and fee cost it no more than the cap in a year. None: nothing. The most it may pay is rounded down.

    Penalties are left out: they are the price of being late, not of the loan. The fee is given up before interest; of
    what was paid already the borrower has the good by as much less principal.
    """
    terms = loan.terms
    if terms.cost_cap is None or loan.disbursed_on is None or loan.restructured or loan.state not in ACCRUING:
        return None
    flows = [(loan.disbursed_on, terms.principal.minor), *((day, -amount.minor) for day, amount in loan.paid)]
    most = max(0, _down(_grown(flows, loan.accrued_to, terms.cost_cap)))
    dues = loan.dues
    interest = dues.interest + dues.overdue_interest
    above = (dues.fee + interest + dues.principal).minor - most
    if above <= 0:
        return None
    off = min(Money(above, terms.currency), loan.fee_charged + loan.interest_accrued)
    of_fee = min(off, dues.fee)
    of_interest = min(off - of_fee, interest)
    fee_income = min(off, loan.fee_charged)
    return Rebate(of_fee, of_interest, off - of_fee - of_interest, fee_income, off - fee_income)


def _grown(flows: Iterable[tuple[date, int]], on: date, cap: Decimal) -> Decimal:
    """What flows in minor units are worth on ``on`` at the yearly rate ``cap`` (ACT/365, compounded daily)."""
    with localcontext(Context(prec=60)):
        growth = 1 + cap
        return sum((minor * growth ** (Decimal(days_between(day, on)) / 365) for day, minor in flows), Decimal(0))


def _down(minor: Decimal) -> int:
    return int(minor.to_integral_value(rounding=ROUND_FLOOR))
