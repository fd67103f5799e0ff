"""Receivables and warehouse receipts as final events leave them, parts that came out of ours included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlmodel import Session

from chainfin.eth.bindings import receivables_events, warehouse_receipts_events
from chainfin.services.kernel.context import Context
from chainfin.services.pledges import release
from chainfin.services.reactions.event_reading import Handlers, fit_reserved, on, party
from chainfin.services.trade import debtor_lines
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.trade_tables import OrderRow, PledgeRow, ReceivableRow, WarehouseReceiptRow

STATES = ("none", "issued", "confirmed", "disputed", "settled", "defaulted", "cancelled")
"""Receivables.ReceivableState in the contract's order."""


class _OfAsset(Protocol):
    @property
    def id(self) -> str: ...


A = TypeVar("A", bound=_OfAsset)

# Receivables


def _receivable(
    change: Callable[[Session, ReceivableRow, A, ChainEvent], None],
) -> Callable[[Session, Context, A, ChainEvent], None]:
    def follow(session: Session, ctx: Context, told: A, event: ChainEvent) -> None:
        row = session.get(ReceivableRow, told.id, with_for_update=True)
        if row is not None:
            change(session, row, told, event)
            session.add(row)

    return follow


def _issued(session: Session, row: ReceivableRow, told: receivables_events.Issued, event: ChainEvent) -> None:
    row.status = "issued"
    row.face = told.face
    _bill(session, row, row.face)


def _confirmed(session: Session, row: ReceivableRow, told: receivables_events.Confirmed, event: ChainEvent) -> None:
    row.status = "confirmed"
    row.confirmed_at = event.block_time
    order = session.get_one(OrderRow, row.order_id)
    order.confirmed += row.face
    session.add(order)
    debtor_lines.project_draw(session, row)


def _cancelled(session: Session, row: ReceivableRow, told: receivables_events.Cancelled, event: ChainEvent) -> None:
    row.status = "cancelled"
    _bill(session, row, -row.face)


def _bill(session: Session, row: ReceivableRow, change: int) -> None:
    order = session.get_one(OrderRow, row.order_id, with_for_update=True)
    order.invoiced += change
    if order.status != "cancelled":
        order.status = "invoiced" if order.invoiced else "received"
    session.add(order)


def _disputed(session: Session, row: ReceivableRow, told: receivables_events.Disputed, event: ChainEvent) -> None:
    row.status = "disputed"


def _dispute_resolved(
    session: Session, row: ReceivableRow, told: receivables_events.DisputeResolved, event: ChainEvent
) -> None:
    row.status = STATES[told.state]


def _credited(session: Session, row: ReceivableRow, told: receivables_events.Credited, event: ChainEvent) -> None:
    row.diluted += told.amount
    fit_reserved(row)
    if row.settled + row.diluted + row.split_away == row.face:
        row.status = "settled"
    debtor_lines.project_give_back(session, row, told.amount)


def _split(session: Session, row: ReceivableRow, told: receivables_events.Split, event: ChainEvent) -> None:
    amount = told.amount
    row.split_away += amount
    fit_reserved(row)
    session.add(_part(row, told.child_id, amount, row.holder_id))


def _taken(session: Session, row: ReceivableRow, told: receivables_events.Taken, event: ChainEvent) -> None:
    """A lender enforced its pledge: it holds the part that was pledged."""
    lender = party(session, told.lender)
    amount = told.amount
    row.pledged -= amount
    row.split_away += amount
    holder_id = row.holder_id if lender is None else lender.id
    session.add(_part(row, told.child_id, amount, holder_id))


_OWN = {"id", "parent_id", "face", "pledged", "split_away", "settled", "diluted", "reserved"}
"""What a part doesn't have from its parent."""


def _part(row: ReceivableRow, part_id: str, face: int, holder_id: str) -> ReceivableRow:
    inherited = row.model_dump(exclude=_OWN | {"holder_id"})
    return ReceivableRow(**inherited, id=part_id, parent_id=row.id, holder_id=holder_id, face=face)


def _transferred(session: Session, row: ReceivableRow, told: receivables_events.Transferred, event: ChainEvent) -> None:
    holder = party(session, told.to)
    if holder is not None:
        row.holder_id = holder.id


def _settled(session: Session, ctx: Context, told: receivables_events.Settled, event: ChainEvent) -> None:
    row = session.get(ReceivableRow, told.id, with_for_update=True)
    if row is None:
        return
    amount = told.amount
    # Read before the row changes: a read flushes, and half of the change isn't conserved.
    pledge = session.get(PledgeRow, told.pledge_id, with_for_update=True)
    row.settled += amount
    if int(told.pledge_id, 16):
        row.pledged -= amount
    fit_reserved(row)
    if told.paid_up:
        row.status = "settled"
        row.settled_on = event.block_time.date()
    session.add(row)
    debtor_lines.project_give_back(session, row, amount)
    if pledge is not None:
        pledge.settled += amount
        session.add(pledge)
        release.release_what_is_left(session, ctx, pledge)


def _line_set(session: Session, ctx: Context, told: receivables_events.LineSet, event: ChainEvent) -> None:
    debtor = party(session, told.debtor)
    if debtor is not None:
        lender = party(session, told.lender)
        debtor_lines.project_share(session, lender, debtor, told.limit, told.total)


def _defaulted(session: Session, row: ReceivableRow, told: receivables_events.Defaulted, event: ChainEvent) -> None:
    row.status = "defaulted"


# Warehouse receipts


def _receipt(
    change: Callable[[Session, WarehouseReceiptRow, A, ChainEvent], None],
) -> Callable[[Session, Context, A, ChainEvent], None]:
    def follow(session: Session, ctx: Context, told: A, event: ChainEvent) -> None:
        row = session.get(WarehouseReceiptRow, told.id, with_for_update=True)
        if row is not None:
            change(session, row, told, event)
            session.add(row)

    return follow


def _receipt_issued(
    session: Session, row: WarehouseReceiptRow, told: warehouse_receipts_events.Issued, event: ChainEvent
) -> None:
    row.status = "issued"


def _receipt_transferred(
    session: Session, row: WarehouseReceiptRow, told: warehouse_receipts_events.Transferred, event: ChainEvent
) -> None:
    owner = party(session, told.to)
    if owner is not None:
        row.owner_id = owner.id


def _goods_released(
    session: Session, row: WarehouseReceiptRow, told: warehouse_receipts_events.GoodsReleased, event: ChainEvent
) -> None:
    row.released += told.quantity
    fit_reserved(row)
    _end_if_gone(row)


def _recounted(
    session: Session, row: WarehouseReceiptRow, told: warehouse_receipts_events.Recounted, event: ChainEvent
) -> None:
    """What pledges lost of it their own events tell (Shrunk)."""
    row.pledged -= told.from_pledged
    row.missing += told.from_free + told.from_pledged
    fit_reserved(row)
    _end_if_gone(row)


def _goods_taken(
    session: Session, row: WarehouseReceiptRow, told: warehouse_receipts_events.Taken, event: ChainEvent
) -> None:
    """A lender enforced its pledge, or who undertook it bought the goods: they lie under a receipt of its own."""
    owner = party(session, told.lender)
    quantity = told.quantity
    row.pledged -= quantity
    row.liquidated += quantity
    _end_if_gone(row)
    inherited = row.model_dump(include={"cell", "number", "keeper_id", "goods", "document_root", "unit", "created_at"})
    owner_id = row.owner_id if owner is None else owner.id
    part_id = told.child_id
    session.add(
        WarehouseReceiptRow(
            **inherited, id=part_id, parent_id=row.id, owner_id=owner_id, issued=quantity, status="issued"
        )
    )


def _end_if_gone(row: WarehouseReceiptRow) -> None:
    if row.released + row.liquidated + row.missing == row.issued:
        row.status = "liquidated" if row.liquidated else "released"


HANDLERS: Handlers = dict(
    [
        on(receivables_events.Issued, _receivable(_issued)),
        on(receivables_events.Confirmed, _receivable(_confirmed)),
        on(receivables_events.Cancelled, _receivable(_cancelled)),
        on(receivables_events.Disputed, _receivable(_disputed)),
        on(receivables_events.DisputeResolved, _receivable(_dispute_resolved)),
        on(receivables_events.Credited, _receivable(_credited)),
        on(receivables_events.Split, _receivable(_split)),
        on(receivables_events.Taken, _receivable(_taken)),
        on(receivables_events.Transferred, _receivable(_transferred)),
        on(receivables_events.Settled, _settled),
        on(receivables_events.Defaulted, _receivable(_defaulted)),
        on(receivables_events.LineSet, _line_set),
        on(warehouse_receipts_events.Issued, _receipt(_receipt_issued)),
        on(warehouse_receipts_events.Transferred, _receipt(_receipt_transferred)),
        on(warehouse_receipts_events.GoodsReleased, _receipt(_goods_released)),
        on(warehouse_receipts_events.Recounted, _receipt(_recounted)),
        on(warehouse_receipts_events.Taken, _receipt(_goods_taken)),
    ]
)
