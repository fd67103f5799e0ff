"""Loans that tests are about: invented, a round principal, dates that end months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from chainfin.rules.ledger import Account, Entry, Side
from chainfin.rules.loan import Loan, LoanTerms, Method, Paid, Payer, approve, disburse, pay
from chainfin.values.money import Money

START = date(2026, 1, 31)
MATURITY = date(2027, 1, 31)


def cny(text: str) -> Money:
    return Money.parse(text, "CNY")


BULLET = LoanTerms(cny("100000"), Decimal("0.065"), START, date(2026, 4, 1), penalty_rate=Decimal("0.0325"))


def year(method: Method, **changes: Any) -> LoanTerms:
    terms = {"principal": cny("100000"), "annual_rate": Decimal("0.065"), "start": START, "maturity": MATURITY}
    return LoanTerms(**{**terms, "method": method, **changes})


def active(terms: LoanTerms = BULLET) -> Loan:
    return disburse(approve("L1", "bank", "sup", terms), terms.start).loan


def paid(loan: Loan, amount: str, on: date, *, payer: Payer = Payer.BORROWER, payment: str = "P1") -> Paid:
    outcome = pay(loan, cny(amount), on, payment=payment, payer=payer, holder="sup")
    assert isinstance(outcome, Paid)
    return outcome


def balance(
    entries: Iterable[Entry], of: Account, currency: str, *, ref: str | None = None, party: str | None = None
) -> Money:
    """The balance of an account on its normal side, of one sub-ledger or party if named."""
    total = sum(
        entry.signed
        for entry in entries
        if entry.account == of.code
        and entry.amount.currency == currency
        and (ref is None or entry.ref == ref)
        and (party is None or entry.party == party)
    )
    return Money(total if of.normal is Side.DEBIT else -total, currency)
