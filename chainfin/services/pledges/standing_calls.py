"""Margin calls (补仓) that aren't met: while one stands, its borrower gets no goods back from that lender and nothing
new on goods; an escalated one lets the lender take the goods."""

from __future__ import annotations

from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.margin import STANDING, State
from chainfin.storage.lending_tables import LoanRow, MarginCallRow
from chainfin.values.product import Product


def unless_called(session: Session, lender_id: str, borrower_id: str) -> Refusal | None:
    """Why the lender neither releases goods to the borrower nor lends to it on goods. Refusals: margin_call_open."""
    query = (
        select(MarginCallRow)
        .join(LoanRow, col(LoanRow.id) == col(MarginCallRow.loan_id))
        .where(LoanRow.lender_id == lender_id, LoanRow.borrower_id == borrower_id)
        .where(LoanRow.product == Product.INVENTORY_PLEDGE.value)
        .where(col(LoanRow.status).in_([state.value for state in ACCRUING]))
        .where(col(MarginCallRow.status).in_([state.value for state in STANDING]))
        .order_by(col(MarginCallRow.id))
        .limit(1)
    )
    call = session.exec(query).first()
    if call is None:
        return None
    due = None if call.due_on is None else call.due_on.isoformat()
    message = f"the margin call on loan {call.loan_id} isn't met"
    return Refusal("margin_call_open", message, {"loan": call.loan_id, "call": call.id, "due_on": due})


def escalated(session: Session, loan_id: str) -> MarginCallRow | None:
    """The call by which the lender may take the loan's goods, though the loan isn't late; None if there is none."""
    query = select(MarginCallRow).where(MarginCallRow.loan_id == loan_id, MarginCallRow.status == State.ESCALATED.value)
    return session.exec(query.order_by(col(MarginCallRow.id)).limit(1)).first()
