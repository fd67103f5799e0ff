"""The banks' part of a reconciliation: what their statements say is in the book, and what the book says is in them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from chainfin.rules import ledger
from chainfin.storage.bank_tables import BankEntryRow, BankPaymentRow, BankStatementRow, VirtualAccountRow
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.money import Money

Same = Callable[[str, str, object, object], None]
STATEMENT = "camt.053.001.08"
"""Only statements have balances; a notification tells of what a statement tells again."""


def check(session: Session, same: Same, count: Callable[[str], None]) -> None:
    """Compare each account of which there are statements; ``same`` takes name, subject, found, expected."""
    of_statements = select(BankStatementRow.account, BankStatementRow.currency).where(
        BankStatementRow.kind == STATEMENT
    )
    for account, currency in session.exec(of_statements.distinct().order_by(col(BankStatementRow.account))).all():
        count("bank accounts")
        rows = session.exec(
            select(BankStatementRow)
            .where(BankStatementRow.account == account, BankStatementRow.currency == currency)
            .where(BankStatementRow.kind == STATEMENT)
            .order_by(
                col(BankStatementRow.sequence).nulls_first(), col(BankStatementRow.page), col(BankStatementRow.id)
            )
        ).all()
        _account(session, account, currency, list(rows), same)


def _account(session: Session, account: str, currency: str, rows: list[BankStatementRow], same: Same) -> None:
    for row in rows:
        gap = f" ({Money(row.difference_minor, currency)} {currency})" if row.difference_minor else ""
        found = "follows" if row.difference is None else f"{row.difference}{gap}"
        same("bank.statement", f"{account}, {row.number}", found, "follows")
    explained = _entries(session, account, currency, [row.id for row in rows], same)
    family = [account, *_under(session, account)]
    missing = _missing(session, family, currency, rows, same)
    closing = next((row for row in reversed(rows) if row.closing is not None), None)
    opening = next((row for row in rows if row.opening is not None), None)
    if closing is None or opening is None or closing.closing is None or opening.opening is None:
        same("bank.cash", account, "no balance stated", "an opening and a closing balance")
        return
    bank = closing.closing - opening.opening
    book = _cash(session, account, family, currency) + explained + missing
    difference = Money(bank - book, currency)
    named = f"{account}, {closing.closing_on}" + (f": {difference} {currency} differ" if difference.minor else "")
    same("bank.cash", named, str(Money(bank, currency)), str(Money(book, currency)))


def _entries(session: Session, account: str, currency: str, statements: list[str], same: Same) -> int:
    """Bank → book: each entry that is in no book is named, until a person has dealt with it. Returns what is dealt with
    elsewhere, minor units."""
    odd = session.exec(
        select(BankEntryRow, ParkedItemRow.status)
        .join(ParkedItemRow, col(ParkedItemRow.id) == col(BankEntryRow.parked_id))
        .where(col(BankEntryRow.statement_id).in_(statements), BankEntryRow.status == "odd")
        .order_by(col(BankEntryRow.id))
    ).all()
    explained = 0
    for entry, parked in odd:
        if parked == "resolved":
            explained += entry.amount or 0
        elif parked == "open":
            amount = "unreadable" if entry.amount is None else f"{Money(entry.amount, currency)} {currency}"
            same("bank.entry", f"{account}, {entry.bank_ref or entry.place}", f"{amount}: {entry.code}", "in the book")
    return explained


def _missing(session: Session, family: list[str], currency: str, rows: list[BankStatementRow], same: Same) -> int:
    """Book → bank: what came in by the book up to the last statement's end, and stands on no statement, is named; and
    orders that the bank said it settled and hasn't booked yet are counted. Returns what is to be taken off the book's
    cash (added: what left the book and not the account yet), minor units."""
    until = max((row.closing_on for row in rows if row.closing_on is not None), default=None)
    statements = [row.id for row in rows]
    told = select(BankEntryRow.bank_ref).where(col(BankEntryRow.statement_id).in_(statements))
    unseen = session.exec(
        select(IncomingRow)
        .where(col(IncomingRow.account).in_(family), IncomingRow.currency == currency)
        .where(col(IncomingRow.direct).is_(False), col(IncomingRow.bank_ref).not_in(told))
        .order_by(col(IncomingRow.id))
    ).all()
    ahead = 0
    for row in unseen:
        if until is not None and row.received_on <= until:
            same("book.payment", row.id, "on no statement", f"on one of {family[0]} up to {until}")
        else:
            ahead -= row.amount
    settled = session.exec(
        select(BankPaymentRow.amount)
        .where(BankPaymentRow.standing == "paid", BankPaymentRow.currency == currency)
        .where(
            col(BankPaymentRow.instruction_id).not_in(
                select(BankEntryRow.instruction_id).where(BankEntryRow.status == "paid")
            )
        )
    ).all()
    return ahead + sum(amount or 0 for amount in settled)


def _under(session: Session, account: str) -> list[str]:
    """The virtual accounts under a lender's own."""
    query = (
        select(VirtualAccountRow.account)
        .join(PartyRow, col(PartyRow.id) == col(VirtualAccountRow.lender_id))
        .where(PartyRow.account == account)
    )
    return list(session.exec(query).all())


def _cash(session: Session, account: str, family: list[str], currency: str) -> int:
    """What the book has moved on the account: payments that came in on it and what left of them, loans paid out."""
    net = func.coalesce(func.sum(col(EntryRow.debit) - col(EntryRow.credit)), 0)
    lent = (
        select(LoanRow.id)
        .join(PartyRow, col(PartyRow.id) == col(LoanRow.lender_id))
        .where(PartyRow.account == account)
        .scalar_subquery()
    )
    came = select(IncomingRow.id).where(col(IncomingRow.account).in_(family)).scalar_subquery()
    paid_out = (col(JournalRow.payment).is_(None)) & (col(EntryRow.ref).in_(lent))
    return int(
        session.exec(
            select(net)
            .join(JournalRow, col(JournalRow.id) == col(EntryRow.journal_id))
            .where(EntryRow.account == ledger.CASH.code, EntryRow.currency == currency)
            .where(or_(col(JournalRow.payment).in_(came), paid_out))
        ).one()
    )
