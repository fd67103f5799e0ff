"""A payout that the bank gives back after it paid: what followed from it is undone, and what is owed is owed again."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session

from chainfin.errors import Refused
from chainfin.rules import bank_order, ledger
from chainfin.rules.bank_order import Standing, Word
from chainfin.rules.payment import Event
from chainfin.services.books import journals
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.kernel.context import Context
from chainfin.services.lending import disbursement
from chainfin.services.payments import allocation, holder_journals, payment_state, payouts, unpaid
from chainfin.storage import outbox
from chainfin.storage.bank_tables import BankPaymentRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.values.command_state import CommandState

CODE = "payout_returned"
GAVE_BACK = "the bank gave it back"


def undo(session: Session, ctx: Context, row: OutboxRow, minor: int, on: date) -> None:
    """The bank gave back ``minor`` of the order in ``row`` (locked, or of nobody else), booked ``on``.

    A loan never came to be (`disbursement.returned`), and what was paid on it goes to whose it is; a holder's share and
    a refund are owed again, until a person has put the account right. Raises Refused payout_returned_in_part, and what
    the loan refuses.
    """
    order = commands.of(row)
    assert isinstance(order, PayLoan | PayHolder | Refund), "nothing else is paid out"
    if minor != order.amount.minor:
        raise Refused("payout_returned_in_part", f"{order.amount} was paid, another amount came back")
    if row.status != CommandState.DONE:
        _never_paid(session, row, order.instruction_id)
        return
    match order:
        case PayLoan():
            undone = disbursement.returned(session, ctx, order.loan_id, on)
            allocation.give_back(session, ctx, session.get_one(LoanRow, order.loan_id), undone.changed)
        case PayHolder():
            _holder(session, ctx, order, on)
        case Refund():
            _refund(session, ctx, order, on)
    outbox.given_back(session, row, f"{CODE}: {GAVE_BACK}")


def _never_paid(session: Session, row: OutboxRow, instruction_id: str) -> None:
    """It came back before we took notice that it had gone: the driver is told that it was refused."""
    bank_payment = session.get(BankPaymentRow, instruction_id, with_for_update=True)
    if bank_payment is None:
        raise Refused("payout_not_sent", f"{instruction_id} is {row.status}, and no file of it has gone out")
    bank_payment.standing = bank_order.transition(Standing(bank_payment.standing), Word.GAVE_BACK).value
    bank_payment.code, bank_payment.text = CODE, GAVE_BACK
    session.add(bank_payment)


def _holder(session: Session, ctx: Context, order: PayHolder, on: date) -> None:
    row = session.get_one(IncomingRow, order.incoming_id, with_for_update=True)
    holder_journals.returned(session, ctx, order, row, on)
    payment_state.move(session, row, Event.PAYOUT_REFUSED, CODE)
    unpaid.park(session, ctx, order, CODE, GAVE_BACK)


def _refund(session: Session, ctx: Context, order: Refund, on: date) -> None:
    row = session.get_one(IncomingRow, order.incoming_id, with_for_update=True)
    entries = (
        ledger.debit(ledger.CASH, order.amount, row.book_ref),
        ledger.credit(ledger.SUSPENSE, order.amount, row.book_ref),
    )
    key = payouts.next_key(session, row, f"refund-returned:{row.book_ref}")
    journal = ledger.Journal(key, on, "suspense", row.book_ref, entries)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)
    row.unapplied = order.amount.minor
    payment_state.move(session, row, Event.REFUND_REFUSED, CODE)
    unpaid.park(session, ctx, order, CODE, GAVE_BACK)
