"""The yearly all-in cost of a loan to its borrower, and the cap on it."""

from __future__ import annotations

from decimal import Decimal

from chainfin.errors import Refusal
from chainfin.rules.loan.schedule import schedule
from chainfin.rules.loan.terms import LoanTerms
from chainfin.values.money import xirr

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
