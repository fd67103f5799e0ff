"""What the chain and the statutory registry have and the book hasn't: a row that was lost is found from their side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlmodel import Session, col, select

from chainfin.errors import ChainfinError
from chainfin.eth.bindings import orders_events, pledges_events, receivables_events, warehouse_receipts_events
from chainfin.rules.pledge import State
from chainfin.services.pledges import register
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.trade_tables import ActRow, OrderRow, PledgeRow, ReceivableRow, WarehouseReceiptRow

Same = Callable[[str, str, object, object], None]
Count = Callable[[str], None]

ROWS: Final[Sequence[tuple[type[Any], str, Any]]] = (
    (orders_events.Posted, "order", OrderRow.id),
    (receivables_events.Issued, "receivable", ReceivableRow.id),
    (warehouse_receipts_events.Issued, "receipt", WarehouseReceiptRow.id),
    (pledges_events.Pledged, "pledge", PledgeRow.id),
)
"""The event by which a thing comes about, what the thing is called here, and whose id the event tells."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry that stands in the statutory registry: our reference, or whatever another filed, and its number."""

    ref: str
    number: str | None


class StandingView(Protocol):
    """The standing entries over one asset (64 hex digits), whoever filed them. Raises Unavailable where there is no
    answer."""

    def standing(self, asset_hash: str) -> Sequence[Standing]: ...


def of_chain(session: Session, same: Same, count: Count) -> None:
    """Each thing that came about on chain by an act of ours has its row. What others made there on the same contracts
    is none of ours."""
    ours = select(col(ActRow.tx_hash)).where(col(ActRow.tx_hash).is_not(None))
    for event, name, row_id in ROWS:
        told = select(ChainEventRow.subject, row_id).outerjoin(row_id.class_, col(ChainEventRow.subject) == col(row_id))
        made = told.where(
            ChainEventRow.contract == event.CONTRACT,
            ChainEventRow.name == event.NAME,
            col(ChainEventRow.tx_hash).in_(ours),
        )
        for subject, known in session.exec(made).all():
            count("things told by the chain")
            same(f"{name}.in_book", str(subject), known is not None, True)


def of_registry(
    asset_ids: Iterable[str],
    pledges: Mapping[str, PledgeRow],
    striking: Set[str],
    registry: StandingView,
    same: Same,
    count: Count,
) -> None:
    """Each entry that stands over an asset is of a pledge here, which knows its number unless it is being filed or
    struck out. Also an outsider's entry over our asset is named: it is a claim on what lenders here count on."""
    for asset_id in asset_ids:
        count("registry searches")
        try:
            entries = registry.standing(register.asset_hash(asset_id))
        except ChainfinError as error:
            same("registry.answer", asset_id, error.code, "the standing entries")
            continue
        for entry in entries:
            pledge = pledges.get(entry.ref)
            same("registry.in_book", entry.ref, pledge is not None, True)
            filing = pledge is None or pledge.status == State.PENDING or pledge.id in striking
            if not filing and pledge is not None and pledge.registry_number is None:
                same("registry.number", entry.ref, entry.number, None)
