"""The bank's own day of a loan's payout, from which the loan runs: a statement that says another day than was known
moves the loan's start, whenever it is heard of.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import Session

from chainfin.errors import ChainfinError, Refused
from chainfin.services.kernel import commands, parking
from chainfin.services.kernel.commands import PayLoan
from chainfin.services.kernel.context import Context
from chainfin.services.lending import disbursement
from chainfin.services.payments import allocation
from chainfin.storage.bank_tables import BankPaymentRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.types import storable
from chainfin.values.command_state import CommandState

SOURCE = "payout_days"
"""The source of parked days that can't be followed: a person settles the difference."""


def booked(session: Session, ctx: Context, row: OutboxRow, on: date | None) -> None:
    """The bank's statement says that it booked the order in ``row`` out on its day ``on``. Of an order that went by a
    rail the rail's signed word stands."""
    payment = session.get(BankPaymentRow, str(row.payload["instruction_id"]), with_for_update=True)
    if on is None or payment is None or payment.amount is None:
        return
    payment.paid_on = on
    session.add(payment)
    order = commands.of(row)
    if isinstance(order, PayLoan) and row.status == CommandState.DONE:
        follow(session, ctx, row, order)


def follow(session: Session, ctx: Context, row: OutboxRow, order: PayLoan) -> None:
    """The loan, paid out by now, runs from the day that the bank's last word names. Where that can't be any more, the
    difference is parked with its amount."""
    payment = session.get(BankPaymentRow, order.instruction_id)
    if payment is None or payment.amount is None or payment.paid_on is None:
        return
    on = payment.paid_on
    try:
        with session.begin_nested():
            if not ctx.clock.plausible(ctx.clock.noon_of(on), since=row.created_at):
                raise Refused("payout_day_differs", f"the bank's statement dates the payout {on}")
            changed = disbursement.start_on(session, ctx, order.loan_id, on)
            allocation.give_back(session, ctx, session.get_one(LoanRow, order.loan_id), changed)
    except ChainfinError as error:
        body = {"loan": order.loan_id, "order": order.instruction_id, "on": on.isoformat()}
        payload = parking.as_payload(body)
        item = parking.Item(SOURCE, "payout_day", order.loan_id, payload, "payout_day_differs", storable(error.message))
        parking.park(session, item, now=ctx.clock.now())
