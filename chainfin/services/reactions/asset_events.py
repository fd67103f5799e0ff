"""Receivables and warehouse receipts as final events leave them, parts that came out of ours included."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from chainfin.services.kernel.context import Context
from chainfin.services.pledges import release
from chainfin.services.reactions.event_reading import Handler, Handlers, fit_reserved, number, party, text
from chainfin.services.trade import debtor_lines
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.trade_tables import OrderRow, PledgeRow, ReceivableRow, WarehouseReceiptRow

STATES = ("none", "issued", "confirmed", "disputed", "settled", "defaulted", "cancelled")
"""Receivables.ReceivableState in the contract's order."""


# Receivables


def _receivable(change: Callable[[Session, ReceivableRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = session.get(ReceivableRow, text(event, "id"), with_for_update=True)
        if row is not None:
            change(session, row, event)
            session.add(row)

    return handle


def _issued(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "issued"
    row.face = number(event, "face")
    _bill(session, row, row.face)


def _confirmed(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "confirmed"
    row.confirmed_at = event.block_time
    order = session.get_one(OrderRow, row.order_id)
    order.confirmed += row.face
    session.add(order)
    debtor_lines.project_draw(session, row)


def _cancelled(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "cancelled"
    _bill(session, row, -row.face)


def _bill(session: Session, row: ReceivableRow, change: int) -> None:
    order = session.get_one(OrderRow, row.order_id, with_for_update=True)
    order.invoiced += change
    if order.status != "cancelled":
        order.status = "invoiced" if order.invoiced else "received"
    session.add(order)


def _disputed(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "disputed"


def _dispute_resolved(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = STATES[number(event, "state")]


def _credited(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.diluted += number(event, "amount")
    fit_reserved(row)
    if row.settled + row.diluted + row.split_away == row.face:
        row.status = "settled"
    debtor_lines.project_give_back(session, row, number(event, "amount"))


def _split(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    amount = number(event, "amount")
    row.split_away += amount
    fit_reserved(row)
    session.add(_part(row, text(event, "childId"), amount, row.holder_id))


def _taken(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    """A lender enforced its pledge: it holds the part that was pledged."""
    lender = party(session, number(event, "lender"))
    amount = number(event, "amount")
    row.pledged -= amount
    row.split_away += amount
    holder_id = row.holder_id if lender is None else lender.id
    session.add(_part(row, text(event, "childId"), amount, holder_id))


_OWN = {"id", "parent_id", "face", "pledged", "split_away", "settled", "diluted", "reserved"}
"""What a part doesn't have from its parent."""


def _part(row: ReceivableRow, part_id: str, face: int, holder_id: str) -> ReceivableRow:
    inherited = row.model_dump(exclude=_OWN | {"holder_id"})
    return ReceivableRow(**inherited, id=part_id, parent_id=row.id, holder_id=holder_id, face=face)


def _transferred(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    holder = party(session, number(event, "to"))
    if holder is not None:
        row.holder_id = holder.id


def _settled(session: Session, ctx: Context, event: ChainEvent) -> None:
    row = session.get(ReceivableRow, text(event, "id"), with_for_update=True)
    if row is None:
        return
    amount = number(event, "amount")
    # Read before the row changes: a read flushes, and half of the change isn't conserved.
    pledge = session.get(PledgeRow, text(event, "pledgeId"), with_for_update=True)
    row.settled += amount
    if int(text(event, "pledgeId"), 16):
        row.pledged -= amount
    fit_reserved(row)
    if event.args["paidUp"]:
        row.status = "settled"
        row.settled_on = event.block_time.date()
    session.add(row)
    debtor_lines.project_give_back(session, row, amount)
    if pledge is not None:
        pledge.settled += amount
        session.add(pledge)
        release.release_what_is_left(session, ctx, pledge)


def _line_set(session: Session, ctx: Context, event: ChainEvent) -> None:
    debtor = party(session, number(event, "debtor"))
    if debtor is not None:
        lender = party(session, number(event, "lender"))
        debtor_lines.project_share(session, lender, debtor, number(event, "limit"), number(event, "total"))


def _defaulted(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "defaulted"


# Warehouse receipts


def _receipt(change: Callable[[Session, WarehouseReceiptRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = session.get(WarehouseReceiptRow, text(event, "id"), with_for_update=True)
        if row is not None:
            change(session, row, event)
            session.add(row)

    return handle


def _receipt_issued(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    row.status = "issued"


def _receipt_transferred(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    owner = party(session, number(event, "to"))
    if owner is not None:
        row.owner_id = owner.id


def _goods_released(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    row.released += number(event, "quantity")
    fit_reserved(row)
    _end_if_gone(row)


def _recounted(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    """What pledges lost of it their own events tell (Shrunk)."""
    row.pledged -= number(event, "fromPledged")
    row.missing += number(event, "fromFree") + number(event, "fromPledged")
    fit_reserved(row)
    _end_if_gone(row)


def _goods_taken(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    """A lender enforced its pledge, or who undertook it bought the goods: they lie under a receipt of its own."""
    owner = party(session, number(event, "lender"))
    quantity = number(event, "quantity")
    row.pledged -= quantity
    row.liquidated += quantity
    _end_if_gone(row)
    inherited = row.model_dump(include={"cell", "number", "keeper_id", "goods", "document_root", "unit", "created_at"})
    owner_id = row.owner_id if owner is None else owner.id
    part_id = text(event, "childId")
    session.add(
        WarehouseReceiptRow(
            **inherited, id=part_id, parent_id=row.id, owner_id=owner_id, issued=quantity, status="issued"
        )
    )


def _end_if_gone(row: WarehouseReceiptRow) -> None:
    if row.released + row.liquidated + row.missing == row.issued:
        row.status = "liquidated" if row.liquidated else "released"


HANDLERS: Handlers = {
    ("Receivables", "Issued"): _receivable(_issued),
    ("Receivables", "Confirmed"): _receivable(_confirmed),
    ("Receivables", "Cancelled"): _receivable(_cancelled),
    ("Receivables", "Disputed"): _receivable(_disputed),
    ("Receivables", "DisputeResolved"): _receivable(_dispute_resolved),
    ("Receivables", "Credited"): _receivable(_credited),
    ("Receivables", "Split"): _receivable(_split),
    ("Receivables", "Taken"): _receivable(_taken),
    ("Receivables", "Transferred"): _receivable(_transferred),
    ("Receivables", "Settled"): _settled,
    ("Receivables", "Defaulted"): _receivable(_defaulted),
    ("Receivables", "LineSet"): _line_set,
    ("WarehouseReceipts", "Issued"): _receipt(_receipt_issued),
    ("WarehouseReceipts", "Transferred"): _receipt(_receipt_transferred),
    ("WarehouseReceipts", "GoodsReleased"): _receipt(_goods_released),
    ("WarehouseReceipts", "Recounted"): _receipt(_recounted),
    ("WarehouseReceipts", "Taken"): _receipt(_goods_taken),
}
