"""Loans: terms, schedules, accrual, payments, states, cost. Frozen values in; new values and journals out."""

from chainfin.rules.loan.cost import ALL_IN_CAP, check_all_in_cap, cost_to_borrower
from chainfin.rules.loan.life import (
    Outcome,
    Paid,
    Payer,
    accrue,
    approve,
    cancel,
    disburse,
    pay,
    payoff,
    payout_returned,
    recover,
    restructure,
    write_off,
)
from chainfin.rules.loan.schedule import Instalment, Schedule, schedule
from chainfin.rules.loan.state import Category, LoanEvent, LoanState, classify, transition
from chainfin.rules.loan.terms import LoanTerms, Method
from chainfin.rules.loan.value import Bill, Loan
from chainfin.rules.loan.waterfall import DEFAULT_WATERFALL, Allocation, Due, Dues, allocate

__all__ = [
    "ALL_IN_CAP",
    "DEFAULT_WATERFALL",
    "Allocation",
    "Bill",
    "Category",
    "Due",
    "Dues",
    "Instalment",
    "Loan",
    "LoanEvent",
    "LoanState",
    "LoanTerms",
    "Method",
    "Outcome",
    "Paid",
    "Payer",
    "Schedule",
    "accrue",
    "allocate",
    "approve",
    "cancel",
    "check_all_in_cap",
    "classify",
    "cost_to_borrower",
    "disburse",
    "pay",
    "payoff",
    "payout_returned",
    "recover",
    "restructure",
    "schedule",
    "transition",
    "write_off",
]
