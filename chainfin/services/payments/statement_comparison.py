"""A bank's statement held against the book, where the bank's signed feed has told of the account: what is on the one
and not in the other is named. Nothing is booked by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.rules.payment import State
from chainfin.services.payments import bank_entry, statements
from chainfin.services.payments.statements import Entry, Statement
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.types import storable
from chainfin.values.command_state import CommandState
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class NotInBook:
    """An entry that the book doesn't have as the bank tells it; ``amount`` signed, None: unreadable."""

    place: str
    bank_ref: str
    amount: Money | None
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """``fits``: how many entries are in the book; ``not_on_it``: ids of payments of its days that it doesn't have."""

    account: str
    currency: str
    number: str
    opening: Money | None
    closing: Money | None
    fits: int
    not_in_book: tuple[NotInBook, ...]
    not_on_it: tuple[str, ...]


def compare(session: Session, statement: Statement) -> Compared:
    """Every entry against the payments and orders that the book has; and the book's payments of its days against it."""
    differ = []
    for entry in statement.entries:
        why = _why_not(session, entry, statement.currency)
        if why is not None:
            amount = None if entry.amount is None else Money(entry.amount, statement.currency)
            differ.append(NotInBook(entry.place, storable(entry.bank_ref), amount, why))
    opening, closing = statement.opening, statement.closing
    return Compared(
        account=statement.account,
        currency=statement.currency,
        number=storable(statement.number),
        opening=None if opening is None else Money(opening.minor, statement.currency),
        closing=None if closing is None else Money(closing.minor, statement.currency),
        fits=len(statement.entries) - len(differ),
        not_in_book=tuple(differ),
        not_on_it=_not_on_it(session, statement),
    )


def _why_not(session: Session, entry: Entry, currency: str) -> str | None:
    """Why the entry isn't in the book; None: it is."""
    order = statements.order_of(session, entry.instruction_ids)
    if entry.code is not None or entry.amount is None:
        return entry.code or "amount_unreadable"
    if entry.taken_back_on is not None:
        back = select(IncomingRow.id).where(
            IncomingRow.bank_ref == storable(entry.bank_ref),
            IncomingRow.amount == -entry.amount,
            IncomingRow.status == State.REVERSED.value,
        )
        return None if session.exec(back).first() else "entry_reversed"
    if order is None and entry.arrival is not None:
        return None if bank_entry.known(session, entry.arrival) else "payment_unknown"
    if order is None:
        return "debit_unknown"
    if entry.arrival is not None:
        return None if order.status == CommandState.REFUSED else "payout_returned"
    if statements.minor_of(order) != -entry.amount:
        return "debit_differs"
    return None if order.status == CommandState.DONE else "order_not_paid"


def _not_on_it(session: Session, statement: Statement) -> tuple[str, ...]:
    if statement.opening is None or statement.closing is None:
        return ()
    told = {storable(entry.bank_ref) for entry in statement.entries}
    at = bank_entry.bank_account(session, statement.account)
    of_its_days = (
        select(IncomingRow)
        .where(
            IncomingRow.currency == statement.currency,
            col(IncomingRow.direct).is_(False),
            col(IncomingRow.received_on).between(statement.opening.on, statement.closing.on),
        )
        .order_by(col(IncomingRow.id))
    )
    return tuple(
        row.id
        for row in session.exec(of_its_days)
        if row.bank_ref not in told and bank_entry.bank_account(session, row.account) == at
    )
