"""Loans: terms, schedules, accrual, payments, states, cost. Frozen values in; new values and journals out."""

from chainfin.loan.cost import ALL_IN_CAP, check_all_in_cap, cost_to_borrower
from chainfin.loan.life import (
    Outcome,
    Paid,
    Payer,
    accrue,
    approve,
    cancel,
    disburse,
    pay,
    payoff,
    recover,
    restructure,
    write_off,
)
from chainfin.loan.schedule import Instalment, Schedule, schedule
from chainfin.loan.state import Category, LoanEvent, LoanState, classify, transition
from chainfin.loan.terms import LoanTerms, Method
from chainfin.loan.value import Bill, Loan
from chainfin.loan.waterfall import DEFAULT_WATERFALL, Allocation, Due, Dues, allocate

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
    "recover",
    "restructure",
    "schedule",
    "transition",
    "write_off",
]
