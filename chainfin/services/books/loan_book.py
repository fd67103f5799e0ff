"""Loans as values, folded from their events; every event is stored with the journals that it posts.

Nothing stores what is owed: it follows from the terms and the events, and the ledger must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Refusal
from chainfin.hashing import keccak
from chainfin.rules.loan import (
    Loan,
    LoanState,
    LoanTerms,
    Outcome,
    Paid,
    Payer,
    accrue,
    approve,
    disburse,
    pay,
    payout_returned,
)
from chainfin.services.books import journals
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import IncomingRow, LoanEventRow, LoanRow
from chainfin.values.money import Money

PAYERS = {"pay_borrower": Payer.BORROWER, "pay_debtor": Payer.DEBTOR}


def loan_ref(loan_id: str) -> str:
    """The loan's reference on chain: keccak256 of its (unguessable) id."""
    return "0x" + keccak(loan_id.encode()).hex()


def load(session: Session, loan_id: str, *, lock: bool = False) -> tuple[LoanRow, Loan]:
    """The row and the loan as of its last event. Raises NotFound loan_unknown."""
    row = session.get(LoanRow, loan_id, with_for_update=lock or None)
    if row is None:
        raise NotFound("loan_unknown", f"there is no loan {loan_id}")
    loan = approve(row.id, row.lender_id, row.borrower_id, LoanTerms.from_json(row.terms))
    for event in events(session, loan_id):
        loan = _replay(loan, event)
    return row, loan


def history(session: Session, loan_id: str) -> Iterator[tuple[LoanEventRow, Loan, Loan]]:
    """Each event with the loan before and after it, in order. Raises NotFound loan_unknown."""
    row = session.get(LoanRow, loan_id)
    if row is None:
        raise NotFound("loan_unknown", f"there is no loan {loan_id}")
    loan = approve(row.id, row.lender_id, row.borrower_id, LoanTerms.from_json(row.terms))
    for event in events(session, loan_id):
        before, loan = loan, _replay(loan, event)
        yield event, before, loan


def events(session: Session, loan_id: str) -> list[LoanEventRow]:
    """What happened to the loan, in order."""
    query = select(LoanEventRow).where(LoanEventRow.loan_id == loan_id).order_by(col(LoanEventRow.seq))
    return list(session.exec(query).all())


def _replay(loan: Loan, event: LoanEventRow) -> Loan:
    done = _step(loan, event)
    if isinstance(done, Refusal):
        raise AssertionError(f"loan {loan.id}: event {event.seq} was taken and is now refused: {done.code}")
    return done.loan


def _step(loan: Loan, event: LoanEventRow) -> Outcome | Paid | Refusal:
    if event.kind == "disburse":
        return disburse(loan, event.on)
    if event.kind == "accrue":
        return accrue(loan, event.on)
    if event.kind == "payout_returned":
        return payout_returned(loan, event.on)
    amount = Money(event.amount, loan.currency)
    return pay(loan, amount, event.on, payment=event.payment, payer=PAYERS[event.kind], holder=event.holder)


def record(
    session: Session,
    ctx: Context,
    row: LoanRow,
    loan: Loan,
    kind: str,
    on: date,
    *,
    amount: Money | None = None,
    incoming: IncomingRow | None = None,
    holder: str = "",
) -> Outcome | Paid | Refusal:
    """Let ``kind`` happen to the loan (locked by the caller): add the event, post its journals, move the state.
    ``incoming``: the payment that a repayment came by."""
    last = session.exec(
        select(LoanEventRow.seq).where(LoanEventRow.loan_id == row.id).order_by(col(LoanEventRow.seq).desc()).limit(1)
    ).first()
    now = ctx.clock.now()
    event = LoanEventRow(
        loan_id=row.id,
        seq=(last or 0) + 1,
        kind=kind,
        on=on,
        amount=amount.minor if amount is not None else 0,
        payment="" if incoming is None else incoming.book_ref,
        holder=holder,
        created_at=now,
    )
    done = _step(loan, event)
    if isinstance(done, Refusal):
        return done
    session.add(event)
    journals.post_all(session, done.journals, now=now, payment=None if incoming is None else incoming.id)
    row.status = done.loan.state.value
    if kind == "disburse":
        row.start_date = on
        row.funded_at = now
    if done.loan.state is LoanState.REPAID:
        row.closed_at = now
    session.add(row)
    session.flush()
    return done
