"""Funding accounts (放款账户): what a lender has placed for lending, as the book's cash says. No cash, no payout.

An account is locked before mandates and limits, by everybody; a loan's hold on it after the account.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.rules import funding as rules
from chainfin.rules import ledger
from chainfin.rules.facility import HoldState
from chainfin.rules.funding import Funds
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.books import FundingAccountView
from chainfin.storage import locks
from chainfin.storage.funding_tables import FundingAccountRow, FundingHoldRow
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money

OWN_CASH = (ledger.CASH.code, ledger.HOLDER_PAYABLE.code, ledger.LENDERS_PAYABLE.code)
"""A lender's own cash is what these come to in its book: what came in, less what of it is owed on."""


def place(session: Session, ctx: Context, lender_id: str, amount: Money) -> None:
    """Money of the lender came in; its first makes the account. The caller posts it to the book."""
    locks.named(session, f"funding:{lender_id}")  # of two first payments one finds the other's account
    row = _locked(session, lender_id, amount.currency)
    if row is None:
        row = FundingAccountRow(
            id=new_id("fnd"), cell=ctx.cell, lender_id=lender_id, currency=amount.currency, updated_at=ctx.clock.now()
        )
    _keep(session, ctx, row, rules.credit(value(row), amount))


def take_back(session: Session, ctx: Context, lender_id: str, amount: Money) -> None:
    """So much of the lender's cash turned out not to be there. The caller posts it to the book."""
    row = _locked(session, lender_id, amount.currency)
    assert row is not None, f"money of {lender_id} had come in"
    _keep(session, ctx, row, rules.take_back(value(row), amount))


def hold(session: Session, ctx: Context, loan: LoanRow) -> Refusal | None:
    """Hold the loan's principal of its lender's money; once, however often it is asked.

    Refusals: funding_missing (the lender has placed nothing in this currency), funding_short, funding_not_held (the
    loan's money was spent or given up before).
    """
    row = _locked(session, loan.lender_id, loan.currency)
    if row is None:
        return Refusal(
            "funding_missing",
            f"the lender has placed no money in {loan.currency} to pay loans out of",
            {"currency": loan.currency},
        )
    held = session.get(FundingHoldRow, loan.id, with_for_update=True)
    if held is not None:
        if held.state == HoldState.HELD:
            return None
        return Refusal("funding_not_held", "the money for this loan is held no more", {"loan": loan.id})
    amount = Money(loan.principal, loan.currency)
    after = rules.commit(value(row), amount)
    if isinstance(after, Refusal):
        return after
    _keep(session, ctx, row, after)
    session.add(FundingHoldRow(loan_id=loan.id, account_id=row.id, amount=amount.minor, updated_at=ctx.clock.now()))
    session.flush()
    return None


def free(session: Session, ctx: Context, loan: LoanRow) -> None:
    """The loan comes to nothing: what is held for it may be lent again. Doing it twice frees once."""
    row = _locked(session, loan.lender_id, loan.currency)
    if row is not None:
        _end_hold(session, ctx, row, loan, HoldState.FREED)


def follow(session: Session, ctx: Context, loan: LoanRow, journals: Sequence[ledger.Journal]) -> None:
    """The account goes with the lender's cash in a loan's ``journals``: what is paid out is spent, what comes back may
    be lent again."""
    others = [journal for journal in journals if journal.kind != "disbursement"]
    if len(others) < len(journals):
        _end_hold(session, ctx, _account(session, loan), loan, HoldState.USED)
    if any(journal.kind == "payout_returned" for journal in journals):
        _unspend(session, ctx, loan)
    net = sum(_cash(entry, journal.book, loan.lender_id) for journal in others for entry in journal.entries)
    if net > 0:
        place(session, ctx, loan.lender_id, Money(net, loan.currency))
    elif net < 0:
        row = _account(session, loan)
        _keep(session, ctx, row, rules.take_back(value(row), Money(-net, loan.currency)))


def _account(session: Session, loan: LoanRow) -> FundingAccountRow:
    row = _locked(session, loan.lender_id, loan.currency)
    assert row is not None, f"loan {loan.id} is paid out of an account"
    return row


def _cash(entry: ledger.Entry, book: str, lender_id: str) -> int:
    """What a line adds to the lender's own cash, minor units: what its book owes on to others is not its own. Where
    the book is nobody's (posted before lenders had books), the line's party says whose it is."""
    counts = (book or entry.party) == lender_id and entry.account in OWN_CASH
    return entry.signed if counts else 0


def in_book(session: Session, row: FundingAccountRow) -> int:
    """The balance as the book has it, minor units: what `follow` and `place` keep beside it."""
    whose = or_(
        col(JournalRow.book) == row.lender_id, (col(JournalRow.book) == "") & (col(EntryRow.party) == row.lender_id)
    )
    query = (
        select(func.coalesce(func.sum(col(EntryRow.debit) - col(EntryRow.credit)), 0))
        .join(JournalRow, col(JournalRow.id) == col(EntryRow.journal_id))
        .where(whose, EntryRow.currency == row.currency, col(EntryRow.account).in_(OWN_CASH))
    )
    return int(session.exec(query).one())


def _end_hold(session: Session, ctx: Context, row: FundingAccountRow, loan: LoanRow, state: HoldState) -> None:
    held = session.get(FundingHoldRow, loan.id, with_for_update=True)
    if held is None or held.state != HoldState.HELD:
        assert state is HoldState.FREED, f"money left for loan {loan.id} that was not held"
        return
    end = rules.spend if state is HoldState.USED else rules.free
    _keep(session, ctx, row, end(value(row), Money(held.amount, row.currency)))
    held.state = state.value
    held.updated_at = ctx.clock.now()
    session.add(held)
    session.flush()


def _unspend(session: Session, ctx: Context, loan: LoanRow) -> None:
    """The payout came back: what was held for it is spent no more (as cash it comes in by its journal)."""
    _account(session, loan)
    held = session.get(FundingHoldRow, loan.id, with_for_update=True)
    if held is not None:  # a loan of before there were accounts has none
        held.state = HoldState.FREED.value
        held.updated_at = ctx.clock.now()
        session.add(held)


def _locked(session: Session, lender_id: str, currency: str) -> FundingAccountRow | None:
    return session.exec(
        select(FundingAccountRow)
        .where(FundingAccountRow.lender_id == lender_id, FundingAccountRow.currency == currency)
        .with_for_update()
    ).one_or_none()


def _keep(session: Session, ctx: Context, row: FundingAccountRow, funds: Funds) -> None:
    row.balance, row.committed = funds.balance.minor, funds.committed.minor
    row.overdrawn = max(row.overdrawn, row.committed - row.balance)  # by `take_back` alone: `commit` never gets there
    row.updated_at = ctx.clock.now()
    session.add(row)
    session.flush()


def value(row: FundingAccountRow) -> Funds:
    """The row as the rules take it."""
    return Funds(Money(row.balance, row.currency), Money(row.committed, row.currency))


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[FundingAccountView]:
    """A lender's own, one a currency; the operator and auditors see all."""
    query = (
        select(FundingAccountRow).where(FundingAccountRow.id > after).order_by(col(FundingAccountRow.id)).limit(limit)
    )
    if not actor.sees_all:
        query = query.where(FundingAccountRow.lender_id == actor.party_id)
    with ctx.store.read() as session:
        return [FundingAccountView.of(row, available=value(row).available.minor) for row in session.exec(query)]
