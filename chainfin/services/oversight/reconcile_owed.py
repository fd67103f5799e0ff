"""Money in the book that is nobody's yet, or that somebody is owed and wasn't paid: each named, with its age."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlmodel import Session, col, select

from chainfin.rules.payment import State
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import PayHolder
from chainfin.services.payments import between_lenders, payout_day, reversed
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values.money import Money

Same = Callable[[str, str, object, object], None]

BY_ITSELF = (State.WAITING.value, State.REFUNDING.value)
"""What moves on without a person: it is named from the day after."""


def check(session: Session, today: date, same: Same, count: Callable[[str], None]) -> None:
    """What needs a person is named at once; ``same`` takes name, subject, found, expected."""
    _in_suspense(session, today, same, count)
    _unpaid(session, today, same)
    _payout_days(session, same)
    _claims(session, same)
    _between_lenders(session, same)


def _in_suspense(session: Session, today: date, same: Same, count: Callable[[str], None]) -> None:
    query = select(IncomingRow).where(IncomingRow.unapplied > 0, IncomingRow.status != State.REFUNDED.value)
    for row in session.exec(query.order_by(col(IncomingRow.id))):
        count("payments in suspense")
        if row.status in BY_ITSELF and row.created_at.date() >= today:
            continue
        amount = Money(row.unapplied, row.currency)
        why = f" ({row.reason})" if row.reason else ""
        found = f"{amount} {row.currency} {row.status}{why} for {_days(row.received_on, today)}"
        same("suspense", row.id, found, "placed, or given back")


def _unpaid(session: Session, today: date, same: Same) -> None:
    query = select(OutboxRow).where(OutboxRow.topic == PayHolder.TOPIC, OutboxRow.status == "refused")
    for row in session.exec(query.order_by(col(OutboxRow.id))):
        order = commands.parse(PayHolder, row.payload)
        found = f"{order.amount} {order.amount.currency} refused ({row.error}), owed for "
        found += _days(row.created_at.date(), today)
        same("payout", f"{order.party_id}, {order.instruction_id}", found, "paid")


def _payout_days(session: Session, same: Same) -> None:
    open_days = select(ParkedItemRow).where(ParkedItemRow.source == payout_day.SOURCE, ParkedItemRow.status == "open")
    for item in session.exec(open_days.order_by(col(ParkedItemRow.id))):
        same("payout.day", item.subject, item.detail, "the day from which the loan runs")


def _claims(session: Session, same: Same) -> None:
    """Of payments that the bank took back after they were placed."""
    claims = select(ParkedItemRow).where(ParkedItemRow.source == reversed.SOURCE, ParkedItemRow.status == "open")
    for item in session.exec(claims.order_by(col(ParkedItemRow.id))):
        same("claim", item.subject, item.detail, "settled by who paid")


def _between_lenders(session: Session, same: Same) -> None:
    shares = select(ParkedItemRow).where(ParkedItemRow.source == between_lenders.SOURCE, ParkedItemRow.status == "open")
    for item in session.exec(shares.order_by(col(ParkedItemRow.id))):
        same("lenders' share", item.subject, item.detail, "passed on")


def _days(since: date, today: date) -> str:
    days = (today - since).days
    return f"{days} day" if days == 1 else f"{days} days"
