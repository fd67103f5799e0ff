"""The part of a reconciliation that is about payments of claims: what the bank said was paid is on chain, what our acts
settled there is a payment of the book, and nothing waits unseen.

A payment that is on its way is named once it is older than a day, one that the chain refused at once, and one that
reached a holder for as long as it waits: none of its money is in the book, so that nothing else would show it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from chainfin.eth.bindings import pledges_acts, receivables_acts, receivables_events
from chainfin.rules.payment import State
from chainfin.services.kernel import parking
from chainfin.services.payments import unsettled
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.trade_tables import ActRow

Same = Callable[[str, str, object, object], None]
Count = Callable[[str], None]

PATIENCE: Final = timedelta(days=1)
"""How long the bank may take to sign that a payment came, and the chain to take it in."""
WORDS: Final = (receivables_acts.Settle.FUNCTION, pledges_acts.BuyBack.FUNCTION)
"""Acts by which the bank says that a claim, or what is pledged, was paid."""


def check(session: Session, same: Same, count: Count, now: datetime) -> None:
    """``same`` takes name, subject, found, expected."""
    _refused(session, same)
    _on_their_way(session, same, count, now)
    _on_chain(session, same, count)
    _direct(session, same)


def _refused(session: Session, same: Same) -> None:
    """Bank → chain: what was paid, and the chain won't have, until a person has dealt with it."""
    items = select(ParkedItemRow).where(ParkedItemRow.source == unsettled.SOURCE, ParkedItemRow.status == "open")
    for item in session.exec(items.order_by(col(ParkedItemRow.id))):
        same("payment.settled", str(item.receivable_id), f"refused ({item.reason}): {item.id}", "on chain")


def _on_their_way(session: Session, same: Same, count: Count, now: datetime) -> None:
    """Bank → chain: a word that isn't signed or not final. Its age is that of the payment: an unsigned act is made
    anew when its time is over."""
    open_ = select(ActRow).where(
        col(ActRow.function).in_(WORDS), col(ActRow.status).in_(("awaiting_signature", "signed"))
    )
    for act in session.exec(open_.order_by(col(ActRow.id))).all():
        count("payments on their way to the chain")
        payment = session.get(IncomingRow, str(act.extra.get("incoming_id")))
        since = act.created_at if payment is None else payment.created_at
        if now - since > PATIENCE:
            same("payment.settled", act.subject, f"{act.status} since {since:%Y-%m-%d %H:%M} UTC: {act.id}", "on chain")


def _on_chain(session: Session, same: Same, count: Count) -> None:
    """Chain → book: what an act of ours settled for a payment is a payment of the book. What a bank settles on chain by
    itself is none of ours."""
    event = receivables_events.Settled
    told = (
        select(ChainEventRow.subject, ActRow)
        .join(ActRow, col(ActRow.tx_hash) == col(ChainEventRow.tx_hash))
        .where(ChainEventRow.contract == event.CONTRACT, ChainEventRow.name == event.NAME)
        .where(col(ActRow.function).in_(WORDS))
    )
    for subject, act in session.exec(told).all():
        if "incoming_id" not in act.extra:
            continue
        count("payments on chain")
        known = session.get(IncomingRow, str(act.extra["incoming_id"])) is not None
        same("payment.in_book", str(subject), known, True)


def _direct(session: Session, same: Same) -> None:
    """Bank → chain: what reached a holder, and isn't known yet to discharge what."""
    waiting = select(IncomingRow).where(IncomingRow.status == State.WAITING.value, col(IncomingRow.direct).is_(True))
    for row in session.exec(waiting.order_by(col(IncomingRow.id))).all():
        resolved = select(ParkedItemRow.id).where(
            ParkedItemRow.payload == parking.as_payload(row.id), ParkedItemRow.status == "resolved"
        )
        if session.exec(resolved.limit(1)).first() is None:
            same("payment.settled", str(row.receivable_id), f"waits ({row.reason}): {row.id}", "on chain")
