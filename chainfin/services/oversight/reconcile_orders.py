"""The orders' part of a reconciliation: what is kept of an order is what its documents, replayed, make of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from chainfin.documents.fields import plain
from chainfin.errors import ChainfinError
from chainfin.rules.order import Order
from chainfin.services.oversight.findings import Findings
from chainfin.services.trade import order_state
from chainfin.storage.trade_tables import OrderRow


def check(session: Session, orders: Sequence[OrderRow], findings: Findings) -> None:
    """Compare every order that is kept with its replay."""
    for row in orders:
        try:
            kept = order_state.from_kept(session, row)
            if kept is not None:
                _compare(row.id, kept, order_state.replay(session, row), findings)
        except ChainfinError as error:
            findings.same("order.replay", row.id, error.code, "an order")


def _compare(order_id: str, kept: Order, replayed: Order, findings: Findings) -> None:
    findings.same("order.kept document", order_id, kept.document, replayed.document)
    findings.same("order.kept state", order_id, kept.state, replayed.state)
    findings.same("order.kept lines", order_id, _lines(kept), _lines(replayed))
    findings.same("order.kept invoiced", order_id, kept.invoiced, replayed.invoiced)


def _lines(order: Order) -> dict[str, tuple[object, ...]]:
    return {
        line.id: (
            line.unit,
            line.value,
            line.despatched_value,
            line.received_value,
            line.returned_value,
            *(plain(each) for each in (line.ordered, line.despatched, line.received, line.returned, line.invoiced)),
        )
        for line in order.lines
    }
