"""What follows from a final chain event. Called by the indexer in the transaction that stores the event.

Rows of orders, receivables, receipts and pledges are what the chain says; an event about a thing that has no
document here (made by others on the same contracts) changes nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlmodel import Session, select

from chainfin.services import act_results, facts, funding
from chainfin.services.context import Context
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import OrderRow, PledgeRow, ReceivableRow, WarehouseReceiptRow

Handler = Callable[[Session, Context, ChainEvent], None]


def apply(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Bring the projection up to ``event`` (final). Events come in chain order, each once."""
    handler = _HANDLERS.get((event.contract, event.name))
    if handler is not None:
        handler(session, ctx, event)
    act_results.final(session, ctx, event)


def _text(event: ChainEvent, name: str) -> str:
    return str(event.args[name])


def _number(event: ChainEvent, name: str) -> int:
    return int(str(event.args[name]))


def _party(session: Session, chain_party: int) -> PartyRow | None:
    return session.exec(select(PartyRow).where(PartyRow.chain_party == chain_party)).one_or_none()


# Participants


def _admitted(session: Session, ctx: Context, event: ChainEvent) -> None:
    commitment = _text(event, "commitment")
    party = session.exec(select(PartyRow).where(PartyRow.commitment == commitment)).one_or_none()
    if party is not None:
        party.chain_party = _number(event, "party")
        party.status = "active"
        session.add(party)


def _party_status(status: str) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        party = _party(session, _number(event, "party"))
        if party is not None:
            party.status = status
            session.add(party)

    return handle


def _roles_set(session: Session, ctx: Context, event: ChainEvent) -> None:
    party = _party(session, _number(event, "party"))
    if party is not None:
        party.roles = _number(event, "roles")
        session.add(party)


def _key_changed(session: Session, ctx: Context, event: ChainEvent) -> None:
    party = _party(session, _number(event, "party"))
    if party is not None:
        party.address = _text(event, "newKey")
        session.add(party)


# Orders


def _order(change: Callable[[OrderRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        order = session.get(OrderRow, _text(event, "orderId"))
        if order is not None:
            change(order, event)
            session.add(order)

    return handle


def _posted(order: OrderRow, event: ChainEvent) -> None:
    order.status = "posted"
    order.ordered = _number(event, "amount")


def _acknowledged(order: OrderRow, event: ChainEvent) -> None:
    order.status = "acknowledged"


def _amended(order: OrderRow, event: ChainEvent) -> None:
    order.ordered = _number(event, "amount")
    order.status = "posted"


def _order_cancelled(order: OrderRow, event: ChainEvent) -> None:
    order.status = "cancelled"


def _despatched(order: OrderRow, event: ChainEvent) -> None:
    order.despatched = _number(event, "despatched")
    order.status = "despatched"


def _received(order: OrderRow, event: ChainEvent) -> None:
    order.received = _number(event, "received")
    order.status = "received"


# Receivables


def _receivable(change: Callable[[Session, ReceivableRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = session.get(ReceivableRow, _text(event, "id"), with_for_update=True)
        if row is not None:
            change(session, row, event)
            session.add(row)

    return handle


def _issued(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "issued"
    row.face = _number(event, "face")
    _bill(session, row, row.face)


def _confirmed(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "confirmed"
    row.confirmed_at = event.block_time
    order = session.get_one(OrderRow, row.order_id)
    order.confirmed += row.face
    session.add(order)


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


STATES = ("none", "issued", "confirmed", "disputed", "settled", "defaulted", "cancelled")
"""Receivables.ReceivableState in the contract's order."""


def _dispute_resolved(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = STATES[_number(event, "state")]


def _credited(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.diluted += _number(event, "amount")
    _fit_reserved(row)
    _close_if_empty(row)


def _split(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    amount = _number(event, "amount")
    row.split_away += amount
    _fit_reserved(row)
    session.add(
        ReceivableRow(
            **row.model_dump(exclude={"id", "face", "pledged", "split_away", "settled", "diluted", "reserved"}),
            id=_text(event, "childId"),
            face=amount,
        )
    )


def _transferred(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    holder = _party(session, _number(event, "to"))
    if holder is not None:
        row.holder_id = holder.id


def _settled(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    amount = _number(event, "amount")
    # Read before the row changes: a read flushes, and half of the change isn't conserved.
    pledge = session.get(PledgeRow, _text(event, "pledgeId"), with_for_update=True)
    row.settled += amount
    if int(_text(event, "pledgeId"), 16):
        row.pledged -= amount
    _fit_reserved(row)
    if pledge is not None:
        pledge.settled += amount
        session.add(pledge)
    if event.args["paidUp"]:
        row.status = "settled"
        row.settled_on = event.block_time.date()


def _defaulted(session: Session, row: ReceivableRow, event: ChainEvent) -> None:
    row.status = "defaulted"


def _close_if_empty(row: ReceivableRow) -> None:
    if row.settled + row.diluted + row.split_away == row.face and row.status == "confirmed":
        row.status = "settled"


# Warehouse receipts


def _receipt(change: Callable[[Session, WarehouseReceiptRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = session.get(WarehouseReceiptRow, _text(event, "id"), with_for_update=True)
        if row is not None:
            change(session, row, event)
            session.add(row)

    return handle


def _receipt_issued(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    row.status = "issued"


def _receipt_transferred(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    owner = _party(session, _number(event, "to"))
    if owner is not None:
        row.owner_id = owner.id


def _goods_released(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    row.released += _number(event, "quantity")
    _fit_reserved(row)
    _end_if_gone(row)


def _recounted(session: Session, row: WarehouseReceiptRow, event: ChainEvent) -> None:
    """What pledges lost of it their own events tell (Shrunk)."""
    row.pledged -= _number(event, "fromPledged")
    row.missing += _number(event, "fromFree") + _number(event, "fromPledged")
    _fit_reserved(row)
    _end_if_gone(row)


def _end_if_gone(row: WarehouseReceiptRow) -> None:
    if row.released + row.liquidated + row.missing == row.issued:
        row.status = "released"


# Pledges


def _pledge(change: Callable[[Session, Context, PledgeRow, ChainEvent], None]) -> Handler:
    """A change of a pledge of ours."""

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        if session.get(PledgeRow, _text(event, "pledgeId")) is not None:
            row = funding.locked_pledge(session, _text(event, "pledgeId"))
            change(session, ctx, row, event)
            session.add(row)

    return handle


def _pledged_amount(sign: int, change: Callable[[Session, Context, PledgeRow, ChainEvent], None]) -> Handler:
    """The asset's pledged part grows or shrinks, whoever made the pledge; then `_pledge`."""
    mine = _pledge(change)

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        asset = _asset(session, _text(event, "assetId"))
        # Read before the asset changes: a read flushes, and half of the change isn't conserved.
        pledge = session.get(PledgeRow, _text(event, "pledgeId"))
        if asset is not None:
            asset.pledged += sign * _number(event, "amount")
            if sign > 0 and pledge is not None:
                asset.reserved -= min(pledge.amount, asset.reserved)
            _fit_reserved(asset)
            session.add(asset)
        mine(session, ctx, event)

    return handle


def _asset(session: Session, asset_id: str) -> ReceivableRow | WarehouseReceiptRow | None:
    receivable = session.get(ReceivableRow, asset_id, with_for_update=True)
    return receivable or session.get(WarehouseReceiptRow, asset_id, with_for_update=True)


def _fit_reserved(asset: ReceivableRow | WarehouseReceiptRow) -> None:
    """A promise of ours yields to what happened on chain: the pledge that it was for will be refused there."""
    asset.reserved = max(0, min(asset.reserved, asset.reserved + facts.free_of(asset)))


def _pledged(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.status = "active"
    pledge.tx_hash = event.tx_hash
    pledge.block_number = event.block_number
    session.add(pledge)
    funding.pledge_final(session, ctx, pledge)


def _pledge_released(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.released += _number(event, "amount")
    pledge.status = "released" if not _number(event, "remaining") else "active"
    funding.pledge_shrunk(session, ctx, pledge)


def _discharged(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.status = "released"
    funding.pledge_shrunk(session, ctx, pledge)


def _expired(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.released += _number(event, "amount")
    pledge.status = "released"


def _shrunk(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    """A keeper's count found less than was pledged: the goods' own event takes it off the receipt."""
    pledge.lost += _number(event, "by")
    if not pledge.left:
        pledge.status = "lost"
        funding.pledge_shrunk(session, ctx, pledge)
    elif pledge.status == "releasing":
        # the release on its way is of more than there is now, and will be refused
        pledge.status = "active"
        funding.release(session, ctx, pledge, pledge.left)


_HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("Participants", "Admitted"): _admitted,
    ("Participants", "Suspended"): _party_status("suspended"),
    ("Participants", "Resumed"): _party_status("active"),
    ("Participants", "RolesSet"): _roles_set,
    ("Participants", "KeyRotated"): _key_changed,
    ("Participants", "KeyRecovered"): _key_changed,
    ("Orders", "Posted"): _order(_posted),
    ("Orders", "Acknowledged"): _order(_acknowledged),
    ("Orders", "Amended"): _order(_amended),
    ("Orders", "OrderCancelled"): _order(_order_cancelled),
    ("Orders", "Despatched"): _order(_despatched),
    ("Orders", "GoodsReceived"): _order(_received),
    ("Receivables", "Issued"): _receivable(_issued),
    ("Receivables", "Confirmed"): _receivable(_confirmed),
    ("Receivables", "Cancelled"): _receivable(_cancelled),
    ("Receivables", "Disputed"): _receivable(_disputed),
    ("Receivables", "DisputeResolved"): _receivable(_dispute_resolved),
    ("Receivables", "Credited"): _receivable(_credited),
    ("Receivables", "Split"): _receivable(_split),
    ("Receivables", "Transferred"): _receivable(_transferred),
    ("Receivables", "Settled"): _receivable(_settled),
    ("Receivables", "Defaulted"): _receivable(_defaulted),
    ("WarehouseReceipts", "Issued"): _receipt(_receipt_issued),
    ("WarehouseReceipts", "Transferred"): _receipt(_receipt_transferred),
    ("WarehouseReceipts", "GoodsReleased"): _receipt(_goods_released),
    ("WarehouseReceipts", "Recounted"): _receipt(_recounted),
    ("Pledges", "Pledged"): _pledged_amount(+1, _pledged),
    ("Pledges", "Released"): _pledged_amount(-1, _pledge_released),
    ("Pledges", "Discharged"): _pledge(_discharged),
    ("Pledges", "Expired"): _pledged_amount(-1, _expired),
    ("Pledges", "Shrunk"): _pledge(_shrunk),
}
