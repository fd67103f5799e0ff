"""What a pledge is on: its asset and its row, locked in one order; what of an asset is still free."""

from __future__ import annotations

import re
from decimal import Decimal

from sqlmodel import Session

from chainfin.errors import BadInput, NotFound, Refused
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.money import Money


def locked_asset(session: Session, kind: str, asset_id: str | None) -> ReceivableRow | WarehouseReceiptRow:
    """An asset's row, locked. ``kind``: receivable | warehouse_receipt."""
    if kind == "receivable":
        return session.get_one(ReceivableRow, asset_id, with_for_update=True)
    return session.get_one(WarehouseReceiptRow, asset_id, with_for_update=True)


def asset_of(session: Session, pledge: PledgeRow) -> ReceivableRow | WarehouseReceiptRow:
    """The pledged asset's row, locked."""
    return locked_asset(session, pledge.asset_kind, pledge.asset_id)


def locked_pledge(session: Session, pledge_id: str) -> PledgeRow:
    """A pledge's row, locked after its asset's: in that order by everybody, so that nobody waits in a circle."""
    asset_of(session, session.get_one(PledgeRow, pledge_id))
    return session.get_one(PledgeRow, pledge_id, with_for_update=True)


def unreserve(session: Session, pledge: PledgeRow) -> None:
    """The pledge doesn't come to be: what was promised to it is free."""
    asset = asset_of(session, pledge)
    asset.reserved -= min(pledge.amount, asset.reserved)
    session.add(asset)
    pledge.status = "failed"
    session.add(pledge)


def free_of(asset: ReceivableRow | WarehouseReceiptRow) -> int:
    """What may still be pledged: free on chain and not promised to another application."""
    if isinstance(asset, ReceivableRow):
        return asset.face - asset.pledged - asset.split_away - asset.settled - asset.diluted - asset.reserved
    return asset.issued - asset.pledged - asset.released - asset.liquidated - asset.missing - asset.reserved


_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,19})?")


def of_side(session: Session, actor: Actor, pledge_id: str, side: str) -> PledgeRow:
    """The live pledge, locked, for its ``side``. Raises NotFound pledge_unknown; Refused not_lender, not_pledgor,
    pledge_state_wrong."""
    party_id = actor.require()
    row = session.get(PledgeRow, pledge_id)
    if row is None or party_id not in (row.lender_id, row.pledgor_id):
        raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
    if party_id != (row.lender_id if side == "lender" else row.pledgor_id):
        raise Refused(f"not_{side}", f"this is the {side}'s act", pledge=row.id)
    row = locked_pledge(session, pledge_id)
    if row.status != "active":
        raise Refused("pledge_state_wrong", f"the pledge is {row.status}", status=row.status)
    return row


def measured(session: Session, row: PledgeRow, amount: str) -> int:
    """A decimal amount of what is pledged: minor units of the receivable's currency, or thousandths of the goods' unit.

    Raises BadInput amount_…, quantity_….
    """
    asset = asset_of(session, row)
    if isinstance(asset, ReceivableRow):
        return Money.positive(amount, asset.currency, where="/amount").minor
    if not _DECIMAL.fullmatch(amount):
        raise BadInput("quantity_malformed", f"{amount!r} is not a decimal quantity", where="/amount")
    return receipts.thousandths(Decimal(amount), where="/amount")
