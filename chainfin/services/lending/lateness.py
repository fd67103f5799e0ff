"""How many days past due a party is on a day, as a debtor of receivables and as a borrower: counted from due dates, not
read from states."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from chainfin.rules.loan import accrue
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import loan_book
from chainfin.services.kernel import in_flight
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.calendar import Adjustment
from chainfin.values.money import days_between

OWED = ("confirmed", "defaulted")
"""States of a receivable in which its debtor owes it without a dispute."""


def days_late(session: Session, ctx: Context, party_id: str, on: date) -> int:
    """The days past due, on ``on``, of the oldest debt that the party hasn't paid; 0 where it is on time."""
    return max(_as_debtor(session, ctx, party_id, on), _as_borrower(session, ctx, party_id, on))


def _as_debtor(session: Session, ctx: Context, party_id: str, on: date) -> int:
    """A due date on a holiday moves to the next business day. Payments that the bank reported count as paid before they
    are on chain."""
    query = select(ReceivableRow).where(
        ReceivableRow.debtor_id == party_id, col(ReceivableRow.status).in_(OWED), ReceivableRow.due_date < on
    )
    for row in session.exec(query.order_by(col(ReceivableRow.due_date))):
        late = days_between(ctx.calendar.adjust(row.due_date, Adjustment.FOLLOWING), on)
        unpaid = row.face - row.split_away - row.settled - row.diluted
        if late > 0 and unpaid > sum(in_flight.attested(session, row.id).values()):
            return late
    return 0


def _as_borrower(session: Session, ctx: Context, party_id: str, on: date) -> int:
    running = select(LoanRow.id).where(
        LoanRow.borrower_id == party_id, col(LoanRow.status).in_([state.value for state in ACCRUING])
    )
    late = 0
    for loan_id in session.exec(running):
        loan = loan_book.load(session, ctx, loan_id)[1]
        late = max(late, accrue(loan, max(on, loan.accrued_to)).loan.days_past_due)
    return late
