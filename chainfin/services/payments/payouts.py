"""Money that leaves again: the holder's share of a debtor's payment, and refunds of what had no place.

What the bank won't carry out stays owed in the book, and its incoming payment says so until a person has dealt with it.
"""

from __future__ import annotations

import json
from dataclasses import replace

from sqlmodel import Session, col, func, select

from chainfin.rules import ledger
from chainfin.rules.payment import Event, State
from chainfin.services.books import journals
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import Context
from chainfin.services.payments import holder_journals, payment_state, unpaid
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import JournalRow, OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import instruction
from chainfin.values.command_state import CommandState
from chainfin.values.money import Money

PURPOSE_LENGTH = 140
"""Characters that a bank takes to a payment (ISO 20022 Max140Text)."""


def refund(session: Session, ctx: Context, row: IncomingRow, left: Money, reason: str) -> None:
    """Money that has no place stays visible in the book and goes back to who sent it."""
    row.unapplied = left.minor
    payment_state.move(session, row, Event.REFUND, reason)
    suspend(session, ctx, row, left, "suspense")
    _give_back(session, ctx, row, left, reason)


def send_back(session: Session, ctx: Context, row: IncomingRow) -> None:
    """An unmatched payment, in suspense already, goes back whole. Raises Conflict payment_transition_refused."""
    payment_state.move(session, row, Event.REFUND, row.reason)
    _give_back(session, ctx, row, Money(row.unapplied, row.currency), row.reason or "")


def _give_back(session: Session, ctx: Context, row: IncomingRow, left: Money, reason: str) -> None:
    """By the bank's reference; where another payment has it too, as a payment to the account that it came from."""
    order = Refund(
        incoming_id=row.id,
        instruction_id=instruction.for_refund(row.id),
        bank_reference=row.bank_ref,
        amount=left,
        reason=reason,
    )
    same = select(IncomingRow.id).where(IncomingRow.bank_ref == row.bank_ref, col(IncomingRow.id) != row.id)
    if session.exec(same).first() is not None:
        name = payer_name(row)
        if not row.payer_account or not name:
            given = commands.give(session, ctx, order)
            outbox.refused_unsent(session, given, "payee_unknown")
            refund_refused(session, ctx, order, "payee_unknown", "nobody knows from whom it came")
            return
        order = replace(order, payee_account=row.payer_account, payee_name=name)
    commands.give(session, ctx, order)


def payer_name(row: IncomingRow) -> str:
    """In whose name the payer's account stands, by the bank's word; empty where it didn't say."""
    reply = row.evidence
    if "payer_name" not in reply and isinstance(reply.get("body"), str):
        reply = json.loads(str(reply["body"]))  # signed by the bank, and read when it was taken in
    return str(reply.get("payer_name") or "")


def suspend(session: Session, ctx: Context, row: IncomingRow, amount: Money, name: str) -> None:
    """So much of the payment is in the book, in suspense. ``name``: of the journal."""
    entries = (ledger.debit(ledger.CASH, amount, row.book_ref), ledger.credit(ledger.SUSPENSE, amount, row.book_ref))
    journal = ledger.Journal(suspense_key(session, row, name), row.received_on, "suspense", row.book_ref, entries)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)


def suspense_key(session: Session, row: IncomingRow, name: str) -> str:
    """The key of the payment's next journal of this name: it may wait, be tried, and wait again, its money moving each
    time. That it moves once is for its state, under its lock."""
    moved = select(func.count()).select_from(JournalRow)
    before = session.exec(moved.where(JournalRow.payment == row.id, JournalRow.kind == "suspense")).one()
    first = f"{name}:{row.book_ref}"
    taken = session.exec(select(JournalRow.id).where(JournalRow.key == first)).first() is not None
    return f"{first}:{before}" if taken else first


def refunded(session: Session, ctx: Context, incoming_id: str) -> None:
    """The bank gave back what was nobody's."""
    journals.lock(session)
    row = session.get_one(IncomingRow, incoming_id, with_for_update=True)
    if not payment_state.allows(row, Event.REFUND_DONE) or not row.unapplied:
        return
    back, name = Money(row.unapplied, row.currency), row.book_ref
    payment_state.move(session, row, Event.REFUND_DONE, row.reason)
    if payment_state.of(row) is not State.REFUNDED:
        row.unapplied = 0  # the state speaks of a share that is still owed: nothing is in suspense any more
    entries = (ledger.debit(ledger.SUSPENSE, back, name), ledger.credit(ledger.CASH, back, name))
    key = next_key(session, row, f"refund:{name}")
    journal = ledger.Journal(key, ctx.clock.today(), "refund", name, entries)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)


def next_key(session: Session, row: IncomingRow, first: str) -> str:
    """The key of a journal of what may happen to a payment again: it goes back, comes back, and goes back."""
    if session.exec(select(JournalRow.id).where(JournalRow.key == first)).first() is None:
        return first
    count = session.exec(select(func.count()).select_from(JournalRow).where(JournalRow.payment == row.id)).one()
    return f"{first}:{count}"


def refund_refused(session: Session, ctx: Context, order: Refund, code: str, message: str) -> None:
    """The bank can't give it back: it stays in suspense, in the book and here, until a person has it ordered again."""
    row = session.get_one(IncomingRow, order.incoming_id, with_for_update=True)
    if payment_state.allows(row, Event.REFUND_REFUSED):
        payment_state.move(session, row, Event.REFUND_REFUSED, code)
    unpaid.park(session, ctx, order, code, message)


def to_holder(
    session: Session, ctx: Context, asset: ReceivableRow, party_id: str, amount: Money, incoming_id: str
) -> None:
    """What of a debtor's payment is a party's (the holder's, or a former pledgor's) leaves to it."""
    payee = session.get_one(PartyRow, party_id)
    _order(session, ctx, incoming_id, asset.id, payee, amount, f"receivable {asset.number}")


def to_party(session: Session, ctx: Context, party_id: str, loan_id: str, amount: Money, incoming_id: str) -> None:
    """What a loan had of a payment, and doesn't need since an earlier one was heard of late, leaves to whose it is."""
    payee = session.get_one(PartyRow, party_id)
    attempt = _next_attempt(session, incoming_id, loan_id, party_id)
    _order(session, ctx, incoming_id, loan_id, payee, amount, "paid too much on a loan", attempt=attempt)


def to_pledgor(session: Session, ctx: Context, pledge: PledgeRow, amount: Money, incoming_id: str) -> None:
    """What was paid for pledged goods beyond what their loan owed leaves to whose goods they were."""
    payee = session.get_one(PartyRow, pledge.pledgor_id)
    _order(session, ctx, incoming_id, pledge.id, payee, amount, "goods bought back")


def _next_attempt(session: Session, incoming_id: str, asset_id: str, party_id: str) -> int:
    """After all orders of this payment on this asset to the party: a further sum is another order."""
    rows = session.exec(
        select(OutboxRow).where(
            OutboxRow.topic == PayHolder.TOPIC, OutboxRow.correlation == incoming_id, OutboxRow.subject == party_id
        )
    )
    orders = [commands.parse(PayHolder, row.payload) for row in rows]
    return 1 + max((order.attempt for order in orders if order.asset_id == asset_id), default=0)


def _order(
    session: Session,
    ctx: Context,
    incoming_id: str,
    asset_id: str,
    payee: PartyRow,
    amount: Money,
    purpose: str,
    *,
    attempt: int = 1,
) -> None:
    """Of one payment on one asset a party is paid once an ``attempt``, however often this is called."""
    order = PayHolder(
        incoming_id=incoming_id,
        asset_id=asset_id,
        party_id=payee.id,
        attempt=attempt,
        instruction_id=instruction.for_holder(incoming_id, asset_id, payee.id, attempt),
        payee_account=payee.account,
        payee_name=payee.name,
        amount=amount,
        purpose=purpose[:PURPOSE_LENGTH],
    )
    commands.give(session, ctx, order)


def holder_paid(session: Session, ctx: Context, order: PayHolder) -> None:
    """The rest of a debtor's payment has left to its owner."""
    row = session.get_one(IncomingRow, order.incoming_id, with_for_update=True)
    holder_journals.paid(session, ctx, order, row)
    others = (
        OutboxRow.topic == PayHolder.TOPIC,
        OutboxRow.correlation == row.id,
        OutboxRow.status == CommandState.REFUSED.value,
    )
    settled = payment_state.allows(row, Event.PAYOUTS_DONE)
    if settled and session.exec(select(OutboxRow.id).where(*others)).first() is None:
        payment_state.move(session, row, Event.PAYOUTS_DONE, None)


def holder_refused(session: Session, ctx: Context, order: PayHolder, code: str, message: str) -> None:
    """The party can't be paid (its account is closed): it is owed on, and the payment that it is owed from says so."""
    unpaid.park(session, ctx, order, code, message)
    row = session.get_one(IncomingRow, order.incoming_id, with_for_update=True)
    if payment_state.of(row) is State.REFUNDED:
        row.unapplied = 0  # the state now speaks of the share that is owed: nothing is in suspense any more
    payment_state.move(session, row, Event.PAYOUT_REFUSED, code)


def retry(session: Session, ctx: Context, payee: PartyRow) -> int:
    """Order again what the bank refused to pay out to ``payee``, now to the account that it has. Returns how many."""
    refused = session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.topic == PayHolder.TOPIC,
            OutboxRow.subject == payee.id,
            OutboxRow.status == CommandState.REFUSED.value,
        )
        .order_by(col(OutboxRow.id))
        .with_for_update()
    ).all()
    for row in refused:
        order = commands.parse(PayHolder, row.payload)
        pay_again(session, ctx, row)
        unpaid.close(session, order, payee.id, "ordered again, to the account that it has now")
    return len(refused)


def pay_again(session: Session, ctx: Context, row: OutboxRow) -> None:
    """Order once more a party's share that the bank refused (``row``, locked), to the account that the party has."""
    order = commands.parse(PayHolder, row.payload)
    payee = session.get_one(PartyRow, order.party_id)
    attempt = _next_attempt(session, order.incoming_id, order.asset_id, payee.id)
    number = instruction.for_holder(order.incoming_id, order.asset_id, payee.id, attempt)
    again = replace(order, attempt=attempt, instruction_id=number, payee_account=payee.account, payee_name=payee.name)
    commands.give(session, ctx, again)
    outbox.replaced(session, row)


def give_back_again(session: Session, ctx: Context, row: OutboxRow, payee: tuple[str, str] | None = None) -> None:
    """Order once more a refund that the bank refused (``row``, locked). ``payee``: account and name, where it is paid
    to another than who sent it."""
    order = commands.parse(Refund, row.payload)
    paid = session.get_one(IncomingRow, order.incoming_id, with_for_update=True)
    account, name = payee or (order.payee_account, order.payee_name)
    attempt = order.attempt + 1
    number = instruction.for_refund(order.incoming_id, attempt)
    again = replace(order, attempt=attempt, instruction_id=number, payee_account=account, payee_name=name)
    payment_state.move(session, paid, Event.REFUND, paid.reason)
    commands.give(session, ctx, again)
    outbox.replaced(session, row)
