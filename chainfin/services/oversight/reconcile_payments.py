"""The payments' part of a reconciliation: what the bank said was paid is on chain, what was settled there is in the
book, and money that is nobody's yet, or that somebody is owed and wasn't paid, is named with its age.

What needs a person is named at once; what moves on by itself, once it is older than a day. A payment on its way to the
chain ages by the hour, since none of its money is in the book and nothing else would show it; one in suspense by dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from chainfin.eth.bindings import pledges_acts, receivables_acts, receivables_events
from chainfin.rules.act import UNDER_WAY
from chainfin.rules.parked_item import ParkedState
from chainfin.rules.payment import State
from chainfin.services.kernel import commands, parking
from chainfin.services.kernel.commands import PayHolder
from chainfin.services.kernel.context import Clock
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import between_lenders, payout_day, reversed, unsettled
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.command_state import CommandState
from chainfin.values.money import Money

PATIENCE: Final = timedelta(days=1)
"""How long the bank may take to sign that a payment came, and the chain to take it in."""
BANKS_ACTS: Final = (receivables_acts.Settle.FUNCTION, pledges_acts.BuyBack.FUNCTION)
"""Acts by which the bank says that a claim, or what is pledged, was paid."""
BY_ITSELF: Final = (State.WAITING.value, State.REFUNDING.value)
"""States of a payment in suspense that moves on without a person."""


def check(session: Session, clock: Clock, findings: Findings) -> None:
    """From the bank to the chain, from the chain to the book, and from the book to whom the money belongs."""
    _refused_by_chain(session, findings)
    _on_their_way(session, clock.now(), findings)
    _settled_on_chain(session, findings)
    _paid_to_holders(session, findings)
    _in_suspense(session, clock.today(), findings)
    _refused_by_bank(session, clock.today(), findings)
    for item in _open_items(session, payout_day.SOURCE):
        findings.same("payout.day", item.subject, item.detail, "the day from which the loan runs")
    for item in _open_items(session, reversed.SOURCE):  # a claim on whose payment the bank took back
        findings.same("claim.settled", item.subject, item.detail, "settled by who paid")
    for item in _open_items(session, between_lenders.SOURCE):
        findings.same("lenders_share.passed_on", item.subject, item.detail, "passed on")


def _open_items(session: Session, source: str) -> Sequence[ParkedItemRow]:
    """What is parked of ``source``, and no person has dealt with."""
    items = select(ParkedItemRow).where(ParkedItemRow.source == source, ParkedItemRow.status == ParkedState.OPEN.value)
    return session.exec(items.order_by(col(ParkedItemRow.id))).all()


def _refused_by_chain(session: Session, findings: Findings) -> None:
    """Bank → chain: what was paid, and the chain won't have, until a person has dealt with it."""
    for item in _open_items(session, unsettled.SOURCE):
        findings.same("payment.settled", str(item.receivable_id), f"refused ({item.reason}): {item.id}", "on chain")


def _on_their_way(session: Session, now: datetime, findings: Findings) -> None:
    """Bank → chain: an act that isn't signed or not final. Its age is that of the payment: an unsigned act is made
    anew when its time is over."""
    open_ = select(ActRow).where(col(ActRow.function).in_(BANKS_ACTS), col(ActRow.status).in_(UNDER_WAY))
    for act in session.exec(open_.order_by(col(ActRow.id))).all():
        findings.count("payments on their way to the chain")
        payment = session.get(IncomingRow, str(act.extra.get("incoming_id")))
        since = act.created_at if payment is None else payment.created_at
        if now - since > PATIENCE:
            found = f"{act.status} since {since:%Y-%m-%d %H:%M} UTC: {act.id}"
            findings.same("payment.settled", act.subject, found, "on chain")


def _settled_on_chain(session: Session, findings: Findings) -> None:
    """Chain → book: what an act of ours settled for a payment is a payment of the book. What a bank settles on chain by
    itself is none of ours."""
    event = receivables_events.Settled
    settled = (
        select(ChainEventRow.subject, ActRow)
        .join(ActRow, col(ActRow.tx_hash) == col(ChainEventRow.tx_hash))
        .where(ChainEventRow.contract == event.CONTRACT, ChainEventRow.name == event.NAME)
        .where(col(ActRow.function).in_(BANKS_ACTS))
    )
    for subject, act in session.exec(settled).all():
        if "incoming_id" not in act.extra:
            continue
        findings.count("payments on chain")
        known = session.get(IncomingRow, str(act.extra["incoming_id"])) is not None
        findings.same("payment.in_book", str(subject), known, True)


def _paid_to_holders(session: Session, findings: Findings) -> None:
    """Bank → chain: what reached a holder, and isn't known yet to discharge what; named for as long as it waits."""
    waiting = select(IncomingRow).where(IncomingRow.status == State.WAITING.value, col(IncomingRow.direct).is_(True))
    for row in session.exec(waiting.order_by(col(IncomingRow.id))).all():
        resolved = select(ParkedItemRow.id).where(
            ParkedItemRow.payload == parking.as_payload(row.id), ParkedItemRow.status == ParkedState.RESOLVED.value
        )
        if session.exec(resolved.limit(1)).first() is None:
            findings.same("payment.settled", str(row.receivable_id), f"waits ({row.reason}): {row.id}", "on chain")


def _in_suspense(session: Session, today: date, findings: Findings) -> None:
    """Book → whose it is: money that came in and is placed nowhere."""
    query = select(IncomingRow).where(IncomingRow.unapplied > 0, IncomingRow.status != State.REFUNDED.value)
    for row in session.exec(query.order_by(col(IncomingRow.id))):
        findings.count("payments in suspense")
        if row.status in BY_ITSELF and row.created_at.date() >= today:
            continue
        amount = Money(row.unapplied, row.currency)
        why = f" ({row.reason})" if row.reason else ""
        found = f"{amount} {row.currency} {row.status}{why} for {_days(row.received_on, today)}"
        findings.same("payment.placed", row.id, found, "placed, or given back")


def _refused_by_bank(session: Session, today: date, findings: Findings) -> None:
    """Book → whose it is: what a holder is owed, and the bank wouldn't pay."""
    query = select(OutboxRow).where(OutboxRow.topic == PayHolder.TOPIC, OutboxRow.status == CommandState.REFUSED.value)
    for row in session.exec(query.order_by(col(OutboxRow.id))):
        order = commands.parse(PayHolder, row.payload)
        found = f"{order.amount} {order.amount.currency} refused ({row.error}), owed for "
        found += _days(row.created_at.date(), today)
        findings.same("payout.paid", f"{order.party_id}, {order.instruction_id}", found, "paid")


def _days(since: date, today: date) -> str:
    days = (today - since).days
    return f"{days} day" if days == 1 else f"{days} days"
