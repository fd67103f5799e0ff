"""The banks' part of a reconciliation: what their statements say is in the book, and what the book says is in them.

The bank's newest closing balance is held against the book's cash on that account, less what is explained: entries that
a person has dealt with elsewhere, payments that came after it, orders that the bank has settled and not booked yet, and
what the first statement's opening balance had beyond the book (a lender's own money), once a person has said so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from chainfin.rules import ledger
from chainfin.rules.bank_order import EntryState
from chainfin.rules.parked_item import ParkedState
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments.statements import ORDER, STATEMENT
from chainfin.storage.bank_tables import BankEntryRow, BankStatementRow, VirtualAccountRow
from chainfin.storage.ledger_tables import EntryRow, JournalRow, OutboxRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.command_state import CommandState
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Compared:
    """An account's balance: by its last statement that closes (``statement``), and by the book with all that is
    explained; minor units. ``parked``: of the difference, what parked items name."""

    statement: BankStatementRow
    bank: int
    book: int
    parked: int


def check(session: Session, findings: Findings) -> None:
    """Compare each account of which there are statements."""
    for account, currency in stated(session):
        findings.count("bank accounts")
        compared = compare(session, account, currency, findings)
        if compared is None:
            findings.same("bank.cash", account, "no balance stated", "an opening and a closing balance")
            continue
        bank, book = (Money(minor, currency) for minor in (compared.bank, compared.book))
        named = f"{account}, {compared.statement.closing_on}" + (
            f": {bank - book} {currency} differ" if bank != book else ""
        )
        findings.same("bank.cash", named, str(bank), str(book))
    _parked_lines(session, findings)


def stated(session: Session) -> list[tuple[str, str]]:
    """Accounts of which there are statements, each with its currency."""
    query = select(BankStatementRow.account, BankStatementRow.currency).where(BankStatementRow.kind == STATEMENT)
    return [
        (account, currency)
        for account, currency in session.exec(query.distinct().order_by(col(BankStatementRow.account)))
    ]


def compare(session: Session, account: str, currency: str, findings: Findings) -> Compared | None:
    """The account's two balances, None where none is stated; each thing that doesn't fit goes to ``findings``."""
    rows = _rows(session, account, currency)
    family = [account, *_under(session, account)]
    opening = first_opening(session, account, currency)
    dealt_with, parked = zip(
        _opening(session, opening, findings),
        _statements(session, account, currency, rows, findings),
        _entries(session, account, currency, [row.id for row in rows], findings),
        strict=True,
    )
    missing = _missing(session, family, currency, rows, opening, findings)
    missing += _unbooked(session, family, currency, rows, opening, findings)
    closing = next((row for row in reversed(rows) if row.closing is not None), None)
    if closing is None or opening is None or closing.closing is None:
        return None
    book = _cash(session, account, family, currency) + sum(dealt_with) + missing
    return Compared(closing, closing.closing, book, sum(parked))


def _rows(session: Session, account: str, currency: str) -> list[BankStatementRow]:
    query = select(BankStatementRow).where(BankStatementRow.account == account, BankStatementRow.currency == currency)
    return list(session.exec(query.where(BankStatementRow.kind == STATEMENT).order_by(*ORDER)).all())


def first_opening(session: Session, account: str, currency: str) -> BankStatementRow | None:
    """The account's first statement that opens with a balance: everything is compared from there on."""
    return next((row for row in _rows(session, account, currency) if row.opening_on is not None), None)


def opening_difference(session: Session, opening: BankStatementRow) -> int:
    """What the bank had when its first statement opened, less what the book had on the account by then: what came in on
    days before less what the bank paid out on days before; minor units."""
    assert opening.opening is not None, "it opens with a balance"
    family = [opening.account, *_under(session, opening.account)]
    came = sum(row.amount for row in _incoming(session, family, opening.currency) if _before(row.received_on, opening))
    orders = _carried_out(session, family, opening.currency)
    left = sum(order.amount.minor for order, paid_on in orders if _before(paid_on, opening))
    return opening.opening - (came - left)


def _before(day: date, opening: BankStatementRow | None) -> bool:
    """Whether what happened on that day stands in the first statement's opening balance, and on no statement."""
    return opening is not None and opening.opening_on is not None and day < opening.opening_on


def _opening(session: Session, opening: BankStatementRow | None, findings: Findings) -> tuple[int, int]:
    """A difference that there was when the first statement opened is named until a person has said what it is. Returns
    it as dealt with, or as parked, minor units."""
    if opening is None or opening.opening is None:
        return 0, 0
    minor = opening.opening_difference
    if minor is None:
        minor = opening_difference(session, opening)
    item = None if opening.opening_parked_id is None else session.get_one(ParkedItemRow, opening.opening_parked_id)
    if item is not None and item.status == ParkedState.RESOLVED:
        return minor, 0
    bank, book = Money(opening.opening, opening.currency), Money(opening.opening - minor, opening.currency)
    named = f"{opening.account}, {opening.opening_on}" + (f": {bank - book} {opening.currency} differ" if minor else "")
    findings.same("bank.opening", named, str(bank), str(book))
    return 0, minor


def _statements(
    session: Session, account: str, currency: str, rows: list[BankStatementRow], findings: Findings
) -> tuple[int, int]:
    """Each statement follows the one before. Returns how much of what doesn't fit a person has dealt with, and how much
    is parked, minor units."""
    dealt_with = parked = 0
    for row in rows:
        status = None if row.parked_id is None else session.get_one(ParkedItemRow, row.parked_id).status
        if status == ParkedState.RESOLVED:
            dealt_with += _moved(row)
            continue
        parked += _moved(row)
        gap = f" ({Money(row.difference_minor, currency)} {currency})" if row.difference_minor else ""
        found = "follows" if row.difference is None else f"{row.difference}{gap}"
        findings.same("bank.statement", f"{account}, {row.number}", found, "follows")
    return dealt_with, parked


def _moved(row: BankStatementRow) -> int:
    """What the difference adds to the bank's balance: a sum that differs is told as entries less balances."""
    return -row.difference_minor if row.difference == "sum_differs" else row.difference_minor


def _entries(
    session: Session, account: str, currency: str, statements: list[str], findings: Findings
) -> tuple[int, int]:
    """Bank → book: each entry that is in no book is named, until a person has dealt with it. Returns how much is dealt
    with elsewhere, and how much is parked, minor units."""
    odd = session.exec(
        select(BankEntryRow, ParkedItemRow)
        .join(ParkedItemRow, col(ParkedItemRow.id) == col(BankEntryRow.parked_id))
        .where(col(BankEntryRow.statement_id).in_(statements), BankEntryRow.status == EntryState.ODD.value)
        .order_by(col(BankEntryRow.id))
    ).all()
    dealt_with = parked = 0
    for entry, item in odd:
        if item.status == ParkedState.RESOLVED:
            dealt_with += entry.amount or 0
        elif item.status == ParkedState.OPEN:
            parked += entry.amount or 0
            amount = "unreadable" if entry.amount is None else f"{Money(entry.amount, currency)} {currency}"
            findings.same(
                "bank.entry", f"{account}, {entry.bank_ref or entry.place}", f"{amount}: {item.reason}", "in the book"
            )
    return dealt_with, parked


def _missing(
    session: Session,
    family: list[str],
    currency: str,
    rows: list[BankStatementRow],
    opening: BankStatementRow | None,
    findings: Findings,
) -> int:
    """Book → bank: what came in by the book from the first statement's opening up to the last one's end, and stands on
    no statement, is named. Returns what came after it, below zero: to be taken off the book's cash; minor units."""
    until = max((row.closing_on for row in rows if row.closing_on is not None), default=None)
    statements = [row.id for row in rows]
    known_refs = select(BankEntryRow.bank_ref).where(col(BankEntryRow.statement_id).in_(statements))
    ahead = 0
    for row in _incoming(session, family, currency, but=known_refs):
        if _before(row.received_on, opening):
            continue
        if until is not None and row.received_on <= until:
            findings.same("book.payment", row.id, "on no statement", f"on one of {family[0]} up to {until}")
        else:
            ahead -= row.amount
    return ahead


def _incoming(
    session: Session, family: list[str], currency: str, *, but: SelectOfScalar[str] | None = None
) -> Sequence[IncomingRow]:
    """Payments in the book that came in on the account or under it. ``but``: bank references to leave out."""
    query = (
        select(IncomingRow)
        .where(col(IncomingRow.account).in_(family), IncomingRow.currency == currency)
        .where(col(IncomingRow.direct).is_(False))
        .order_by(col(IncomingRow.id))
    )
    return session.exec(query if but is None else query.where(col(IncomingRow.bank_ref).not_in(but))).all()


def _unbooked(
    session: Session,
    family: list[str],
    currency: str,
    rows: list[BankStatementRow],
    opening: BankStatementRow | None,
    findings: Findings,
) -> int:
    """Book → bank: an order that was carried out since the first statement opened, and that no statement up to a later
    day has, is named. Returns what left the book and not the account yet, minor units."""
    until = max((row.closing_on for row in rows if row.closing_on is not None), default=None)
    booked = select(BankEntryRow.instruction_id).where(BankEntryRow.status == EntryState.PAID.value)
    left = 0
    for order, paid_on in _carried_out(session, family, currency, but=booked):
        if _before(paid_on, opening):
            continue
        left += order.amount.minor
        if until is not None and paid_on < until:
            findings.same("book.order", order.instruction_id, "on no statement", f"on one of {family[0]} up to {until}")
    return left


def _carried_out(
    session: Session, family: list[str], currency: str, *, but: SelectOfScalar[str] | None = None
) -> Iterator[tuple[PayLoan | PayHolder | Refund, date]]:
    """Orders that the bank has paid from the account, each with the day. ``but``: our numbers of those to leave out."""
    number = col(OutboxRow.payload)["instruction_id"].as_string()
    lent, came = _lent(family[0]), _came(family)
    of_account = or_(
        (col(OutboxRow.topic) == PayLoan.TOPIC) & col(OutboxRow.subject).in_(lent),
        col(OutboxRow.topic).in_((PayHolder.TOPIC, Refund.TOPIC)) & col(OutboxRow.correlation).in_(came),
    )
    query = select(OutboxRow).where(OutboxRow.status == CommandState.DONE.value, of_account)
    query = query if but is None else query.where(number.not_in(but))
    for row in session.exec(query.order_by(col(OutboxRow.id))):
        order = commands.of(row)
        assert isinstance(order, PayLoan | PayHolder | Refund), "nothing else is paid"
        if order.amount.currency == currency:
            yield order, _paid_on(row)


def _paid_on(row: OutboxRow) -> date:
    """The day that the bank named when it had paid, by its own clock."""
    reply = row.result or {}
    return datetime.fromisoformat(str(reply.get("paid_at") or reply["refunded_at"])).date()


def _lent(account: str) -> SelectOfScalar[str]:
    """Loans out of the account."""
    return (
        select(LoanRow.id).join(PartyRow, col(PartyRow.id) == col(LoanRow.lender_id)).where(PartyRow.account == account)
    )


def _came(family: list[str]) -> SelectOfScalar[str]:
    """Payments that came in on the account or under it."""
    return select(IncomingRow.id).where(col(IncomingRow.account).in_(family))


def _parked_lines(session: Session, findings: Findings) -> None:
    """Bank → book, where the bank tells line by line: each that is parked is money that the bank has and the book
    doesn't, until a person has dealt with it."""
    entries = select(BankEntryRow.parked_id).where(col(BankEntryRow.parked_id).is_not(None))
    query = select(ParkedItemRow).where(
        ParkedItemRow.kind == "bank_line", ParkedItemRow.status == ParkedState.OPEN.value
    )
    query = query.where(col(ParkedItemRow.id).not_in(entries))
    for item in session.exec(query.order_by(col(ParkedItemRow.id))):
        findings.same("bank.line", item.subject, f"{_amount_of(item.payload)}: {item.reason}", "in the book")


def _amount_of(payload: str) -> str:
    """What a line of the rail is about, as far as anybody can read it: it is a stranger's text."""
    try:
        body = json.loads(json.loads(payload)["body"])
        amount, currency = body["amount"], body["currency"]
    except (ValueError, TypeError, KeyError):
        return "unreadable"
    return f"{amount} {currency}" if _short(amount) and _short(currency) else "unreadable"


def _short(text: object) -> bool:
    return isinstance(text, str) and len(text) <= 30 and text.isprintable()


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
    paid_out = (col(JournalRow.payment).is_(None)) & (col(EntryRow.ref).in_(_lent(account)))
    return int(
        session.exec(
            select(net)
            .join(JournalRow, col(JournalRow.id) == col(EntryRow.journal_id))
            .where(EntryRow.account == ledger.CASH.code, EntryRow.currency == currency)
            .where(or_(col(JournalRow.payment).in_(_came(family)), paid_out))
        ).one()
    )
