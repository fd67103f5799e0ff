"""Receivables and warehouse receipts as final events leave them, parts that came out of ours included.

Each event is the act of a rule, taken on the chain's word (`CHAIN`): the same functions that judged it before it was
signed. Where even so a rule refuses, the rows are not what the chain has: that halts (`follows`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sqlmodel import Session

from chainfin.errors import Refusal
from chainfin.rules import inventory
from chainfin.rules import pledge as pledges
from chainfin.rules import receivable as rules
from chainfin.rules.authority import CHAIN
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable, State
from chainfin.services.goods import receipts
from chainfin.services.kernel import pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.pledges import release
from chainfin.services.reactions.event_reading import Handler, Handlers, agree, follows, number, party, text
from chainfin.services.trade import debtor_lines, receivables
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.trade_tables import OrderRow, PledgeRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.money import Money

STATES = ("none", *State)
"""Receivables.ReceivableState in the contract's order, which is the rule's."""

Outcome: TypeAlias = Receivable | Refusal


# Receivables


Change = Callable[[Session, Context, ReceivableRow, Receivable, ChainEvent], Outcome]
"""What the rule makes of a receivable by an event, and what else follows; the row is written after it."""


def _receivable(change: Change) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = session.get(ReceivableRow, text(event, "id"), with_for_update=True)
        if row is not None:
            before = receivables.value(session, row)
            receivables.put(session, row, follows(event, change(session, ctx, row, before, event)))

    return handle


def _amount(event: ChainEvent, receivable: Receivable) -> Money:
    return Money(number(event, "amount"), receivable.currency)


def _issued(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Its terms are on the row since the service prepared the act."""
    row = session.get(ReceivableRow, text(event, "id"), with_for_update=True)
    if row is not None:
        row.status, row.face = State.ISSUED.value, number(event, "face")
        receivables.put(session, row, receivables.value(session, row))
        _bill(session, row, row.face)


def _confirmed(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    after = rules.confirm(before, by=CHAIN, face=Money(before.face, before.currency), due=before.due_date)
    if isinstance(after, Receivable):
        row.confirmed_at = event.block_time
        order = session.get_one(OrderRow, row.order_id)
        order.confirmed += row.face
        session.add(order)
        debtor_lines.project_draw(session, row)
    return after


def _cancelled(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    after = rules.cancel(before, by=CHAIN)
    if isinstance(after, Receivable):
        _bill(session, row, -row.face)
    return after


def _bill(session: Session, row: ReceivableRow, change: int) -> None:
    order = session.get_one(OrderRow, row.order_id, with_for_update=True)
    order.invoiced += change
    if order.status != "cancelled":
        order.status = "invoiced" if order.invoiced else "received"
    session.add(order)


def _disputed(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    return rules.dispute(before, by=CHAIN)


def _dispute_resolved(
    session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent
) -> Outcome:
    after = rules.resolve_dispute(before, by=CHAIN)
    if isinstance(after, Receivable):
        agree(event, STATES[number(event, "state")], after.state)
    return after


def _credited(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    amount = _amount(event, before)
    debtor_lines.project_give_back(session, row, amount.minor)
    return rules.credit(before, amount, by=CHAIN)


def _split(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    result = rules.split(before, [_amount(event, before)], [text(event, "childId")], by=CHAIN)
    if isinstance(result, Refusal):
        return result
    after, parts = result
    session.add_all([receivables.part_row(row, part) for part in parts])
    return after


def _transferred(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    """A holder that was never admitted by this service isn't known here: the reconciliation tells."""
    holder = party(session, number(event, "to"))
    return rules.transfer(before, before.holder if holder is None else holder.id, by=CHAIN)


def _settled(session: Session, ctx: Context, event: ChainEvent) -> None:
    row = session.get(ReceivableRow, text(event, "id"), with_for_update=True)
    if row is None:
        return
    pledge = session.get(PledgeRow, text(event, "pledgeId"), with_for_update=True)
    before = receivables.value(session, row)
    pledge_id = None
    if int(text(event, "pledgeId"), 16):
        pledge_id = pledge_rows.UNNAMED if pledge is None else pledge.id
    amount = _amount(event, before)
    after = follows(event, rules.settle(before, amount, payee=CHAIN, pledge_id=pledge_id))
    agree(event, bool(event.args["paidUp"]), after.state is State.SETTLED)
    receivables.put(session, row, after)
    if after.state is State.SETTLED:
        row.settled_on = event.block_time.date()
    if pledge is not None:
        paid = follows(event, pledges.settle(pledge_rows.value(pledge), amount.minor, by=CHAIN))
        pledge_rows.put(session, pledge, paid)
    debtor_lines.project_give_back(session, row, amount.minor)
    if pledge is not None:  # one that is paid in full leaves the registry by an event of its own (Discharged)
        release.release_what_is_left(session, ctx, pledge)


def _taken(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Out of a pledge, as the event of Pledges before it says (Enforced, BoughtBack); this one names who holds it."""
    row = session.get(ReceivableRow, text(event, "childId"), with_for_update=True)
    if row is not None:
        agree(event, number(event, "amount"), row.face)
        holder = party(session, number(event, "lender"))
        row.holder_id = row.holder_id if holder is None else holder.id
        session.add(row)


def _line_set(session: Session, ctx: Context, event: ChainEvent) -> None:
    debtor = party(session, number(event, "debtor"))
    if debtor is not None:
        lender = party(session, number(event, "lender"))
        debtor_lines.project_share(session, lender, debtor, number(event, "limit"), number(event, "total"))


def _defaulted(session: Session, ctx: Context, row: ReceivableRow, before: Receivable, event: ChainEvent) -> Outcome:
    return rules.default(before, by=CHAIN, today=CHAIN)


# Warehouse receipts


GoodsChange = Callable[[Session, WarehouseReceipt, ChainEvent], WarehouseReceipt | Refusal]


def _receipt(change: GoodsChange) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = session.get(WarehouseReceiptRow, text(event, "id"), with_for_update=True)
        if row is not None:
            before = receipts.value(session, row)
            receipts.put(session, row, follows(event, change(session, before, event)))

    return handle


def _receipt_issued(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Its terms are on the row since the service prepared the act."""
    row = session.get(WarehouseReceiptRow, text(event, "id"), with_for_update=True)
    if row is not None:
        row.status = inventory.State.ISSUED.value
        receipts.put(session, row, receipts.value(session, row))


def _receipt_transferred(session: Session, before: WarehouseReceipt, event: ChainEvent) -> WarehouseReceipt | Refusal:
    """An owner that was never admitted by this service isn't known here: the reconciliation tells."""
    owner = party(session, number(event, "to"))
    return inventory.transfer(before, before.owner if owner is None else owner.id, by=CHAIN)


def _goods_released(session: Session, before: WarehouseReceipt, event: ChainEvent) -> WarehouseReceipt | Refusal:
    return inventory.release(before, number(event, "quantity"), by=CHAIN)


def _recounted(session: Session, before: WarehouseReceipt, event: ChainEvent) -> WarehouseReceipt | Refusal:
    """What each pledge lost its own event has told (Shrunk): what they lost together is under no name any more, and
    the rule takes that first, as if it were the youngest pledge."""
    free, pledged = number(event, "fromFree"), number(event, "fromPledged")
    after = inventory.recount(before, free + pledged, by=CHAIN)
    if isinstance(after, WarehouseReceipt):
        agree(event, free, before.free - after.free)
    return after


def _goods_taken(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Out of a pledge, as the event of Pledges before it says (Enforced, BoughtBack); this one names who owns it."""
    row = session.get(WarehouseReceiptRow, text(event, "childId"), with_for_update=True)
    if row is not None:
        agree(event, number(event, "quantity"), row.issued)
        owner = party(session, number(event, "lender"))
        row.owner_id = row.owner_id if owner is None else owner.id
        session.add(row)


HANDLERS: Handlers = {
    ("Receivables", "Issued"): _issued,
    ("Receivables", "Confirmed"): _receivable(_confirmed),
    ("Receivables", "Cancelled"): _receivable(_cancelled),
    ("Receivables", "Disputed"): _receivable(_disputed),
    ("Receivables", "DisputeResolved"): _receivable(_dispute_resolved),
    ("Receivables", "Credited"): _receivable(_credited),
    ("Receivables", "Split"): _receivable(_split),
    ("Receivables", "Taken"): _taken,
    ("Receivables", "Transferred"): _receivable(_transferred),
    ("Receivables", "Settled"): _settled,
    ("Receivables", "Defaulted"): _receivable(_defaulted),
    ("Receivables", "LineSet"): _line_set,
    ("WarehouseReceipts", "Issued"): _receipt_issued,
    ("WarehouseReceipts", "Transferred"): _receipt(_receipt_transferred),
    ("WarehouseReceipts", "GoodsReleased"): _receipt(_goods_released),
    ("WarehouseReceipts", "Recounted"): _receipt(_recounted),
    ("WarehouseReceipts", "Taken"): _goods_taken,
}
