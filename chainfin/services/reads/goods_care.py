"""What was recorded of a receipt's goods: inspections, insurance, and what stands against lending on them."""

from __future__ import annotations

from chainfin.services.goods import care
from chainfin.services.goods.care import Kept
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.reads import queries
from chainfin.storage.trade_tables import WarehouseReceiptRow


def of_receipt(ctx: Context, actor: Actor, receipt_id: str) -> Kept:
    """For whoever sees the receipt. Raises NotFound warehouse_receipt_unknown."""
    queries.warehouse_receipt(ctx, actor, receipt_id)
    with ctx.store.read() as session:
        return care.of_receipt(session, session.get_one(WarehouseReceiptRow, receipt_id), ctx.clock.today())
