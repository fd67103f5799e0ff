"""A credit that the bank books out again (冲正): the money is gone from the account on the bank's value date.

What was in suspense is there no more. Of what was placed already, and has settled loans, discharged receivables on
chain or gone on to parties, nothing is undone: the payer owes exactly as much as it was, a claim in the books into
which the money had come, and the lender's funds are so much less. The claim is parked, and named, until a person has
said how it was settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, func, select

from chainfin.errors import Refused
from chainfin.rules import ledger
from chainfin.rules.parked_item import ParkedState
from chainfin.rules.payment import Event, State
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Context
from chainfin.services.payments import bank_entry, incoming, payment_state
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.types import storable
from chainfin.values.money import Money

SOURCE = "reversed_payments"
"""The source of parked claims."""
CODE = "entry_reversed"
HELD = (State.UNMATCHED, State.WAITING, State.SUSPENSE)
"""States in which all of a payment may be in suspense."""


def undo(session: Session, ctx: Context, account: str, bank_ref: str, amount: Money, on: date) -> None:
    """The bank took back ``amount`` of the payment of its reference on ``account``, on its value date ``on``.

    Raises Refused entry_reversed (no payment of this reference and amount is there, or more than one; or it is on its
    way back or a part of it is owed on, so that nobody knows yet where its money is).
    """
    journals.lock(session)
    row = _found(session, account, bank_ref, amount)
    if row.direct or not payment_state.allows(row, Event.REVERSED):
        raise Refused(CODE, f"{row.id} is {row.status}: its money is on its way, owed on, or was never here")
    if payment_state.of(row) in HELD and row.unapplied == row.amount:
        _out_of_suspense(session, ctx, row, amount, on)
    else:
        _claim(session, ctx, row, amount, on)
    payment_state.move(session, row, Event.REVERSED, CODE)


def _found(session: Session, account: str, bank_ref: str, amount: Money) -> IncomingRow:
    at = bank_entry.bank_account(session, account)
    query = select(IncomingRow).where(
        IncomingRow.bank_ref == storable(bank_ref),
        IncomingRow.currency == amount.currency,
        IncomingRow.amount == amount.minor,
        IncomingRow.status != State.REVERSED.value,
    )
    rows = [row for row in session.exec(query.with_for_update()) if bank_entry.bank_account(session, row.account) == at]
    if len(rows) != 1:
        raise Refused(CODE, f"the bank takes back {amount} {amount.currency}: {len(rows)} payments could be meant")
    return rows[0]


def _out_of_suspense(session: Session, ctx: Context, row: IncomingRow, amount: Money, on: date) -> None:
    entries = (ledger.debit(ledger.SUSPENSE, amount, row.book_ref), ledger.credit(ledger.CASH, amount, row.book_ref))
    _post(session, ctx, row, "", entries, on)
    row.unapplied = 0
    payload = parking.as_payload(row.id)
    sources = (incoming.UNMATCHED, incoming.WAITING)
    items = select(ParkedItemRow).where(col(ParkedItemRow.source).in_(sources), ParkedItemRow.payload == payload)
    for item in session.exec(items.where(ParkedItemRow.status == ParkedState.OPEN.value).with_for_update()):
        parking.resolve(session, item, "system", "the bank took it back")


def _claim(session: Session, ctx: Context, row: IncomingRow, amount: Money, on: date) -> None:
    if row.unapplied and payment_state.of(row) is not State.REFUNDED:
        raise Refused(CODE, f"a part of {row.id} is in suspense still: give it back, or have it placed, first")
    payer = _payer(session, row)
    for book, minor in _books(session, row):
        part = Money(minor, row.currency)
        entries = (
            ledger.debit(ledger.CLAIMS, part, row.book_ref, payer),
            ledger.credit(ledger.CASH, part, row.book_ref, book or payer),
        )
        _post(session, ctx, row, book, entries, on)
        if book:
            funding_accounts.take_back(session, ctx, book, part)
    what = f"{amount} {row.currency} of {payer or 'who paid'}: the bank took {row.id} back on {on}"
    item = parking.Item(SOURCE, "claim", row.id, parking.as_payload(row.id), CODE, what)
    parking.park(session, item, now=ctx.clock.now())


def _books(session: Session, row: IncomingRow) -> list[tuple[str, int]]:
    """The books into which the payment's money came, with how much each, minor units; what is in none of a lender's is
    the collection account's."""
    net = func.sum(col(EntryRow.debit) - col(EntryRow.credit))
    came = (
        select(JournalRow.book, net)
        .join(EntryRow, col(EntryRow.journal_id) == col(JournalRow.id))
        .where(JournalRow.payment == row.id, EntryRow.account == ledger.CASH.code, JournalRow.book != "")
        .where(col(JournalRow.kind).not_in(("holder_payout", "refund")))
        .group_by(col(JournalRow.book))
        .order_by(col(JournalRow.book))
    )
    parts: list[tuple[str, int]] = []
    left = row.amount
    for book, minor in session.exec(came):
        part = min(left, max(0, int(minor)))
        if part:
            parts.append((book, part))
            left -= part
    return [*parts, ("", left)] if left else parts


def _payer(session: Session, row: IncomingRow) -> str:
    """Whose virtual account it came in on; empty where it is nobody's alone."""
    under = session.get(VirtualAccountRow, row.account)
    return "" if under is None else under.payer_id


def _post(
    session: Session, ctx: Context, row: IncomingRow, book: str, entries: Sequence[ledger.Entry], on: date
) -> None:
    name = f"reversed:{row.book_ref}" + (f":{book}" if book else "")
    journal = ledger.Journal(name, on, "reversal", row.book_ref, tuple(entries), book=book)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)
