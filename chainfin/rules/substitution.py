"""Pledged goods are sold and the receivable of the sale takes their place, in one step: one of the two is pledged.

The conditions of each half are those of `inventory.unpledge` and `receivable.pledge`.
"""

from __future__ import annotations

from chainfin.errors import Refusal
from chainfin.rules import inventory, receivable
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.values.money import Money


def substitute(
    goods: WarehouseReceipt,
    debt: Receivable,
    *,
    quantity: int,
    amount: Money,
    sold_id: str,
    pledge_id: str,
    lender: str,
) -> tuple[WarehouseReceipt, Receivable] | Refusal:
    """The lender sets ``quantity`` thousandths of ``goods`` (pledge ``sold_id``) free and takes ``amount`` of ``debt``
    (pledge ``pledge_id``) instead, both or neither.

    Refusals: substitute_foreign (the debt isn't held by the owner of the goods), those of `inventory.unpledge` and of
    `receivable.pledge`.
    """
    if debt.holder != goods.owner:
        proof = {"goods": goods.id, "receivable": debt.id}
        return Refusal("substitute_foreign", "the receivable isn't held by the owner of the goods", proof)
    freed = inventory.unpledge(goods, quantity, pledge_id=sold_id, by=lender)
    if isinstance(freed, Refusal):
        return freed
    pledged = receivable.pledge(debt, amount, pledge_id=pledge_id, lender=lender, by=goods.owner)
    return pledged if isinstance(pledged, Refusal) else (freed, pledged)
