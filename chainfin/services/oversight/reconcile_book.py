"""The ledger's part of a reconciliation: linked, balanced, and what the loans say they owe."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import ChainfinError
from chainfin.rules import ledger
from chainfin.rules.ledger import Account, Side
from chainfin.rules.loan import Loan, LoanState
from chainfin.rules.payment import State
from chainfin.services.books import daily_root, funding_accounts, journals, loan_book
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import PayHolder
from chainfin.services.kernel.context import Context
from chainfin.services.oversight.findings import Findings
from chainfin.storage.funding_tables import FundingAccountRow
from chainfin.storage.ledger_tables import EntryRow, OutboxRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.values.command_state import CommandState
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class _Balances:
    """(account, sub-ledger, currency) → minor units, debit positive."""

    net: dict[tuple[str, str, str], int]

    def of(self, account: Account, ref: str, currency: str) -> Money:
        net = self.net.get((account.code, ref, currency), 0)
        return Money(net if account.normal is Side.DEBIT else -net, currency)

    def total(self, account: Account) -> dict[str, int]:
        sums: dict[str, int] = {}
        for (code, _, currency), net in self.net.items():
            if code == account.code:
                sums[currency] = sums.get(currency, 0) + (net if account.normal is Side.DEBIT else -net)
        return {currency: minor for currency, minor in sums.items() if minor}


def check(session: Session, ctx: Context, findings: Findings) -> None:
    """Compare the book with itself and with the loans."""
    try:
        for _ in range(journals.check_chain(session)):
            findings.count("journals")
        for _ in range(daily_root.check(session)):
            findings.count("daily roots")
    except ChainfinError as error:
        findings.same("ledger.hash chain", error.where or "", error.code, "whole")
    findings.same("ledger.trial balance", "book", ledger.out_of_balance(journals.trial_balance(session)), {})
    balances = _balances(session)
    for loan_id in session.exec(select(LoanRow.id).order_by(col(LoanRow.id))).all():
        findings.count("loans")
        row, loan = loan_book.load(session, ctx, loan_id)
        # one whose money never left has no events: that it came to nothing is in its row alone
        never = loan.state is LoanState.APPROVED and row.status == LoanState.CANCELLED
        findings.same("loan.state", loan_id, row.status, LoanState.CANCELLED.value if never else loan.state.value)
        findings.same("loan.principal", loan_id, row.principal, loan.terms.principal.minor)
        _loan(loan, balances, findings)
    _owed_to_others(session, balances, findings)
    for account in session.exec(select(FundingAccountRow).order_by(col(FundingAccountRow.id))).all():
        findings.count("funding accounts")
        subject = f"{account.lender_id} {account.currency}"
        findings.same("funding.balance", subject, account.balance, funding_accounts.in_book(session, account))


def _balances(session: Session) -> _Balances:
    net = func.sum(col(EntryRow.debit) - col(EntryRow.credit))
    rows = session.exec(
        select(EntryRow.account, EntryRow.ref, EntryRow.currency, net).group_by(
            col(EntryRow.account), col(EntryRow.ref), col(EntryRow.currency)
        )
    ).all()
    return _Balances({(account, ref, currency): int(minor) for account, ref, currency, minor in rows})


def _loan(loan: Loan, balances: _Balances, findings: Findings) -> None:
    """What the loan's events lead to is what its accounts say."""
    expected = {
        ledger.LOANS: loan.outstanding,
        ledger.INTEREST_RECEIVABLE: loan.interest_accrued - loan.interest_settled,
        ledger.PENALTY_RECEIVABLE: loan.penalty_accrued - loan.penalty_settled,
        ledger.FEE_RECEIVABLE: loan.fee_charged - loan.fee_settled,
        ledger.INTEREST_SUSPENDED: loan.impairment.interest,
        ledger.PENALTY_SUSPENDED: loan.impairment.penalty,
        ledger.ALLOWANCE: loan.impairment.allowance,
    }
    for account, amount in expected.items():
        findings.same(f"ledger.{account.name}", loan.id, balances.of(account, loan.id, loan.currency), amount)


def _owed_to_others(session: Session, balances: _Balances, findings: Findings) -> None:
    """What is owed to holders is on its way (or was refused by the bank); what is in suspense waits to go back."""
    payouts: dict[str, int] = {}
    waiting = session.exec(
        select(OutboxRow).where(
            OutboxRow.topic == PayHolder.TOPIC,
            col(OutboxRow.status).not_in((CommandState.DONE.value, CommandState.REPLACED.value)),
        )
    ).all()
    for row in waiting:
        amount = commands.parse(PayHolder, row.payload).amount
        payouts[amount.currency] = payouts.get(amount.currency, 0) + amount.minor
    findings.same("ledger.payable to holders", "book", balances.total(ledger.HOLDER_PAYABLE), payouts)
    suspended: dict[str, int] = {}
    for incoming in session.exec(
        select(IncomingRow).where(IncomingRow.unapplied > 0, IncomingRow.status != State.REFUNDED.value)
    ):
        suspended[incoming.currency] = suspended.get(incoming.currency, 0) + incoming.unapplied
    findings.same("ledger.suspense", "book", balances.total(ledger.SUSPENSE), suspended)
