"""The book's side of what leaves again to a holder or payer: posted in the books that owe it to the party."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.rules import ledger
from chainfin.services.books import journals
from chainfin.services.kernel.commands import PayHolder
from chainfin.services.kernel.context import Context
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.values.money import Money


def paid(session: Session, ctx: Context, order: PayHolder, row: IncomingRow) -> None:
    """The order's money has left: each book that owed a part of it owes it no more."""
    key, parts = _key(order, row), _owing(session, order)
    keys = [key, *(f"{key}:{book}" for book, _ in parts[1:])]
    for name, (book, amount) in zip(keys, parts, strict=True):
        _post(session, ctx, order, name, ctx.clock.today(), book, (ledger.HOLDER_PAYABLE, ledger.CASH, amount))


def returned(session: Session, ctx: Context, order: PayHolder, row: IncomingRow, on: date) -> None:
    """The bank gave it back on ``on``: the books out of which it had left owe it again."""
    key = _key(order, row)
    left = select(JournalRow).where(JournalRow.payment == row.id, JournalRow.kind == "holder_payout")
    for journal in session.exec(left.order_by(col(JournalRow.id))).all():
        suffix = {key: "", f"{key}:{journal.book}": f":{journal.book}"}.get(journal.key)
        if suffix is None:
            continue  # of another order
        minor = session.exec(select(func.sum(EntryRow.debit)).where(EntryRow.journal_id == journal.id)).one()
        name = f"holder-returned:{order.instruction_id}{suffix}"
        moved = (ledger.CASH, ledger.HOLDER_PAYABLE, Money(int(minor), order.amount.currency))
        _post(session, ctx, order, name, on, journal.book, moved)


def _key(order: PayHolder, row: IncomingRow) -> str:
    # what came back and was ordered again is another payout
    again = "" if order.attempt == 1 else f":{order.attempt}"
    return f"holder-payout:{row.book_ref}:{order.asset_id}:{order.party_id}{again}"


def _owing(session: Session, order: PayHolder) -> list[tuple[str, Money]]:
    """The books that owe it, with how much each: of what a loan turned out not to need its lender's; else those into
    which the payment came, as far as they owe the party yet; the rest is the collection account's."""
    loan = session.get(LoanRow, order.asset_id)
    if loan is not None:
        return [(loan.lender_id, order.amount)]
    owed = session.exec(
        select(JournalRow.book, func.sum(col(EntryRow.credit) - col(EntryRow.debit)))
        .join(EntryRow, col(EntryRow.journal_id) == col(JournalRow.id))
        .where(
            JournalRow.payment == order.incoming_id,
            EntryRow.account == ledger.HOLDER_PAYABLE.code,
            EntryRow.party == order.party_id,
            EntryRow.currency == order.amount.currency,
            JournalRow.book != "",
        )
        .group_by(col(JournalRow.book))
        .order_by(col(JournalRow.book))
    )
    parts, left = [], order.amount
    for book, minor in owed.all():
        part = min(left, Money(max(0, int(minor)), left.currency))
        if part.minor:
            parts.append((book, part))
            left -= part
    return [*parts, ("", left)] if left.minor else parts


def _post(
    session: Session,
    ctx: Context,
    order: PayHolder,
    key: str,
    on: date,
    book: str,
    moved: tuple[ledger.Account, ledger.Account, Money],
) -> None:
    to, from_, amount = moved
    entries = (
        ledger.debit(to, amount, order.asset_id, order.party_id),
        ledger.credit(from_, amount, order.asset_id, order.party_id),
    )
    journal = ledger.Journal(key, on, "holder_payout", order.asset_id, entries, book=book)
    journals.post(session, journal, now=ctx.clock.now(), payment=order.incoming_id)
