"""Loans: terms, schedules, accrual, payments, states, cost. Frozen values in; new values and journals out."""

from chainfin.rules.loan.cost import ALL_IN_CAP, check_all_in_cap, check_start, cost_to_borrower, rebate
from chainfin.rules.loan.history import Added, Changed, Happening, History, Kind, Taken, Told, add, tell
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
    "Added",
    "Allocation",
    "Bill",
    "Category",
    "Changed",
    "Due",
    "Dues",
    "Happening",
    "History",
    "Instalment",
    "Kind",
    "Loan",
    "LoanEvent",
    "LoanState",
    "LoanTerms",
    "Method",
    "Outcome",
    "Paid",
    "Payer",
    "Schedule",
    "Taken",
    "Told",
    "accrue",
    "add",
    "allocate",
    "approve",
    "cancel",
    "check_all_in_cap",
    "check_start",
    "classify",
    "cost_to_borrower",
    "disburse",
    "pay",
    "payoff",
    "rebate",
    "recover",
    "restructure",
    "schedule",
    "tell",
    "transition",
    "write_off",
]
