"""A bank that sends statements owes one for each business day: a day of which there is none waits for a person."""

from __future__ import annotations

from datetime import date, timedelta

from sqlmodel import Session, col, func, select

from chainfin.rules.parked_item import ParkedState
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Context
from chainfin.services.payments.statements import STATEMENT, STATEMENTS
from chainfin.storage.bank_tables import BankStatementRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values.calendar import Adjustment, Calendar

LATE = "late_statement"
"""The kind of what is parked here."""


def run_due(ctx: Context) -> int:
    """Park, once, each account whose newest closing balance is of a day before the last one that the bank should have
    told of by now; close the item when a newer one came. Returns how many were parked or closed. Accounts that never
    had a statement are told of by the rail, and not looked at."""
    expected = last_expected(ctx.calendar, ctx.clock.today())
    with ctx.store.read() as session:
        if not any(_due(session, expected)):
            return 0
    with ctx.store.begin() as session:
        late, came = _due(session, expected)
        for item in late:
            parking.park(session, item, now=ctx.clock.now())
        for row in came:
            parking.resolve(session, row, "service", "the statement came")
        return len(late) + len(came)


def last_expected(calendar: Calendar, today: date) -> date:
    """The newest business day whose statement should have come before ``today`` begins: a statement has the whole next
    business day to come."""
    last = calendar.adjust(today - timedelta(days=1), Adjustment.PRECEDING)
    return calendar.adjust(last - timedelta(days=1), Adjustment.PRECEDING)


def _due(session: Session, expected: date) -> tuple[list[parking.Item], list[ParkedItemRow]]:
    """What is to be parked, and the open items that may be closed."""
    newest = func.max(BankStatementRow.closing_on)
    query = (
        select(BankStatementRow.account, BankStatementRow.currency, newest)
        .where(BankStatementRow.kind == STATEMENT, col(BankStatementRow.closing).is_not(None))
        .group_by(col(BankStatementRow.account), col(BankStatementRow.currency))
        .having(newest < expected)
    )
    found = [_item(account, currency, day) for account, currency, day in session.exec(query) if day is not None]
    late = {item.payload: item for item in found}
    rows = session.exec(select(ParkedItemRow).where(ParkedItemRow.source == STATEMENTS, ParkedItemRow.kind == LATE))
    known = {row.payload: row for row in rows}
    return (
        [item for payload, item in late.items() if payload not in known],
        [row for payload, row in known.items() if payload not in late and row.status == ParkedState.OPEN],
    )


def _item(account: str, currency: str, newest: date) -> parking.Item:
    body = {"account": account, "currency": currency, "newest": newest.isoformat()}
    detail = f"{account}: its newest closing balance is of {newest}; that of the next business day has not come"
    subject, code = f"{account}, after {newest}", "bank_statement_late"
    return parking.Item(STATEMENTS, LATE, subject, parking.as_payload(body), code, detail)
