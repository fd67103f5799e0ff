"""Money that is owed and that the bank didn't pay: a refund, a party's share. Each is parked with the bank's reason
until it is ordered again.
"""

from __future__ import annotations

import json

from sqlmodel import Session, select

from chainfin.rules.parked_item import ParkedState
from chainfin.services.kernel import parking
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import Context
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.oversight_tables import ParkedItemRow

SOURCE = "unpaid_money"
"""The source of these parked items."""


def park(session: Session, ctx: Context, order: PayHolder | Refund, code: str, detail: str) -> None:
    """The bank refused the order, or gave its money back."""
    what = f"{order.amount} {order.amount.currency}: {detail}"
    item = parking.Item(SOURCE, order.TOPIC, order.subject, _payload(order), code, what)
    parking.park(session, item, now=ctx.clock.now())


def close(session: Session, order: PayHolder | Refund, who: str, resolution: str) -> None:
    """It is ordered again: the new order speaks for it."""
    query = select(ParkedItemRow).where(ParkedItemRow.source == SOURCE, ParkedItemRow.payload == _payload(order))
    row = session.exec(query.where(ParkedItemRow.status == ParkedState.OPEN.value).with_for_update()).first()
    if row is not None:
        parking.resolve(session, row, who, resolution)


def order_of(session: Session, payload: str) -> OutboxRow:
    """The order, locked, of which this is the parked item."""
    key = json.loads(payload)["command"]
    return session.exec(select(OutboxRow).where(OutboxRow.key == key).with_for_update()).one()


def _payload(order: PayHolder | Refund) -> str:
    return parking.as_payload({"command": order.key})
