"""What a loan that is late may no longer earn, and what is set aside for it.

Interest and penalty of a loan that is substandard or worse are owed and not earned: what of them is unpaid stands in
suspense against the claim, and becomes income when it is paid or when the loan is cured. Special provisions are set
aside by category (PBoC, guidelines on provisions for loan losses, 银发〔2002〕98号: 2, 25, 50 and 100 %;
unverified), of the principal and the fees that are owed. A lender's own models may want more; they never make it less.

Both follow from the loan as it stands, so that a payment heard of late corrects them as it corrects the income.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from chainfin.rules import postings
from chainfin.rules.ledger import Journal
from chainfin.rules.loan.state import ACCRUING, Category
from chainfin.rules.loan.value import Loan
from chainfin.rules.postings import Impairment
from chainfin.values.money import Rounding

SPECIAL_PROVISION_PCT = {
    Category.NORMAL: 0,
    Category.SPECIAL_MENTION: 2,
    Category.SUBSTANDARD: 25,
    Category.DOUBTFUL: 50,
    Category.LOSS: 100,
}
"""Percent of the principal and fees owed."""
NOT_EARNING = frozenset({Category.SUBSTANDARD, Category.DOUBTFUL, Category.LOSS})
"""Categories (over 90 days late) whose interest is no income before it is paid."""


def due(loan: Loan) -> Impairment:
    """What has to stand in suspense and in the allowance for the loan as it is."""
    wanted = Impairment.none(loan.currency)
    if loan.state not in ACCRUING:
        return wanted
    category, dues = loan.category, loan.dues
    if category in NOT_EARNING:
        wanted = replace(wanted, interest=dues.interest + dues.overdue_interest, penalty=dues.penalty)
    balance = dues.principal + dues.fee
    return replace(wanted, allowance=balance.ratio(SPECIAL_PROVISION_PCT[category], 100, Rounding.UP))


def follow(loan: Loan, name: str, on: date) -> tuple[Loan, Journal | None]:
    """The loan with the impairment that it needs, and the journal of the difference. ``name`` tells the loan's
    impairments apart."""
    if loan.impaired_from is not None and on < loan.impaired_from:
        return loan, None
    if loan.impairment.is_nothing and loan.accrued_to <= loan.schedule.due_dates[0]:
        return loan, None  # most days of most loans: nobody can be late yet
    wanted = due(loan)
    posted = postings.impairment(loan.id, loan.lender, name, loan.impairment, wanted, on)
    return (loan if posted is None else replace(loan, impairment=wanted)), posted
