"""Goods that the buyer sent back (退货): what of a claim they carried is held until a credit note takes it off.

A confirmed claim stands whatever becomes of its goods: only its holder's credit note makes it less. Until that comes,
nothing more is lent on the part that no goods carry any more, nor is it passed on.
"""

from __future__ import annotations

from sqlmodel import Session

from chainfin.documents.model import Document
from chainfin.errors import Refused, unless_refused
from chainfin.rules import billed_goods
from chainfin.services.trade import claim_family, order_state, trade_documents
from chainfin.storage.trade_tables import OrderRow, ReceivableRow
from chainfin.values.money import Money


def takes_back(receipt: Document) -> bool:
    """Whether the receipt tells of goods that came before and go back now."""
    return any(line.accepted < 0 for line in receipt.lines)


def uncarried(session: Session, row: ReceivableRow) -> int:
    """What of the claim no goods carry any more and no credit note took off; minor units.

    What is left of the whole bears it first. What it can't bear is held of every part that the seller still has, since
    nobody says which of them it is; a part that another holds stands as the debtor confirmed it.
    """
    order_row = session.get_one(OrderRow, row.order_id)
    if not order_row.goods_returned or (row.parent_id is not None and row.holder_id != row.seller_id):
        return 0
    order = order_state.now(session, order_row)
    missing = unless_refused(billed_goods.unsupported(order, order_state.bills(session, order_row)))
    whole = claim_family.whole(session, row)
    claims = trade_documents.claims_of(session, whole)
    if whole.id not in {each.id for each in claims}:
        return 0
    told = sum(missing[each.id].minor for each in claims if each.id in missing)
    notes = trade_documents.credit_notes(session, whole.order_id, whole.number)
    open_ = max(0, told - trade_documents.off_the_face(session, whole, notes).minor) if told else 0
    for each in reversed(claims):  # of what is due in parts the last bears it first
        if each.id == whole.id:
            break
        open_ = max(0, open_ - each.face)
    of_the_whole = min(open_, whole.face - whole.split_away)
    return of_the_whole if row.id == whole.id else min(open_ - of_the_whole, row.face - row.split_away)


def unless_carried(session: Session, row: ReceivableRow) -> None:
    """Raises Refused goods_sent_back: the claim asks for goods that its debtor sent back. It is to be withdrawn, and
    issued for the rest."""
    missing = uncarried(session, row)
    if missing:
        shown = Money(missing, row.currency)
        raise Refused("goods_sent_back", f"{shown} of the claim is for goods that were sent back", uncarried=str(shown))
