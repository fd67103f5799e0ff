"""Receivables and warehouse receipts as final events leave them, parts that came out of ours included.

Each event is the act of a rule, taken on the chain's word (`CHAIN`): the same functions that judged it before it was
signed. Where even so a rule refuses, the rows are not what the chain has: that halts (`follows`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from sqlmodel import Session

from chainfin.errors import Refusal
from chainfin.eth.bindings import receivables_events, warehouse_receipts_events
from chainfin.rules import inventory
from chainfin.rules import pledge as pledges
from chainfin.rules import receivable as rules
from chainfin.rules.authority import CHAIN
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable, State
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel import pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.pledges import realisation, release
from chainfin.services.reactions.event_reading import Handlers, agree, follows, on, party
from chainfin.services.trade import debtor_lines, order_state, pending_credits, receivable_state
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.money import Money

STATES = ("none", *State)
"""Receivables.ReceivableState in the contract's order, which is the rule's."""

Outcome: TypeAlias = Receivable | Refusal
GoodsOutcome: TypeAlias = WarehouseReceipt | Refusal


class _OfAsset(Protocol):
    @property
    def id(self) -> str: ...


A = TypeVar("A", bound=_OfAsset)


# Receivables


def _receivable(
    change: Callable[[Session, ReceivableRow, Receivable, A, ChainEvent], Outcome],
) -> Callable[[Session, Context, A, ChainEvent], None]:
    """``change`` is what the rule makes of a receivable by an event, and what else follows; the row is written after
    it."""

    def follow(session: Session, ctx: Context, args: A, event: ChainEvent) -> None:
        row = session.get(ReceivableRow, args.id, with_for_update=True)
        if row is not None:
            before = receivable_state.value(session, row)
            receivable_state.put(session, row, follows(event, change(session, row, before, args, event)))

    return follow


def _issued(session: Session, ctx: Context, args: receivables_events.Issued, event: ChainEvent) -> None:
    """Its terms are on the row since the service prepared the act."""
    row = session.get(ReceivableRow, args.id, with_for_update=True)
    if row is not None:
        row.status, row.face = State.ISSUED.value, args.face
        receivable_state.put(session, row, receivable_state.value(session, row))
        _bill(session, row, row.face)


def _confirmed(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Confirmed, event: ChainEvent
) -> Outcome:
    after = rules.confirm(before, by=CHAIN, face=Money(before.face, before.currency), due=before.due_date)
    if isinstance(after, Receivable):
        row.confirmed_at = event.block_time
        order = session.get_one(OrderRow, row.order_id)
        order.confirmed += row.face
        session.add(order)
        debtor_lines.project_draw(session, row)
    return after


def _cancelled(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Cancelled, event: ChainEvent
) -> Outcome:
    after = rules.cancel(before, by=CHAIN)
    if isinstance(after, Receivable):
        _bill(session, row, -row.face)
    return after


def _bill(session: Session, row: ReceivableRow, change: int) -> None:
    order = session.get_one(OrderRow, row.order_id, with_for_update=True)
    order.invoiced += change
    order.status = order_state.by_events(session, order).value
    session.add(order)


def _disputed(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Disputed, event: ChainEvent
) -> Outcome:
    return rules.dispute(before, by=CHAIN)


def _dispute_resolved(
    session: Session,
    row: ReceivableRow,
    before: Receivable,
    args: receivables_events.DisputeResolved,
    event: ChainEvent,
) -> Outcome:
    after = rules.resolve_dispute(before, by=CHAIN)
    if isinstance(after, Receivable):
        agree(event, STATES[args.state], after.state)
    return after


def _credited(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Credited, event: ChainEvent
) -> Outcome:
    amount = Money(args.amount, before.currency)
    debtor_lines.project_give_back(session, row, amount.minor)
    pending_credits.credited(session, args.document_root, args.amount)
    return rules.credit(before, amount, by=CHAIN)


def _split(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Split, event: ChainEvent
) -> Outcome:
    result = rules.split(before, [Money(args.amount, before.currency)], [args.child_id], by=CHAIN)
    if isinstance(result, Refusal):
        return result
    after, parts = result
    session.add_all([receivable_state.part_row(row, part) for part in parts])
    return after


def _transferred(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Transferred, event: ChainEvent
) -> Outcome:
    """A holder that was never admitted by this service isn't known here: the reconciliation tells."""
    holder = party(session, args.to)
    return rules.transfer(before, before.holder if holder is None else holder.id, by=CHAIN)


def _settled(session: Session, ctx: Context, args: receivables_events.Settled, event: ChainEvent) -> None:
    row = session.get(ReceivableRow, args.id, with_for_update=True)
    if row is None:
        return
    pledge = session.get(PledgeRow, args.pledge_id, with_for_update=True)
    before = receivable_state.value(session, row)
    pledge_id = None
    if int(args.pledge_id, 16):
        pledge_id = pledge_rows.UNNAMED if pledge is None else pledge.id
    amount = Money(args.amount, before.currency)
    after = follows(event, rules.settle(before, amount, payee=CHAIN, pledge_id=pledge_id))
    agree(event, args.paid_up, after.state is State.SETTLED)
    receivable_state.put(session, row, after)
    if after.state is State.SETTLED:
        row.settled_on = event.block_time.date()
    if pledge is not None:
        paid = follows(event, pledges.settle(pledge_rows.value(pledge), amount.minor, by=CHAIN))
        pledge_rows.put(session, pledge, paid)
    debtor_lines.project_give_back(session, row, amount.minor)
    if pledge is not None:  # one that is paid in full leaves the registry by an event of its own (Discharged)
        release.ask_again(session, ctx, pledge)


def _taken(session: Session, ctx: Context, args: receivables_events.Taken, event: ChainEvent) -> None:
    """Out of a pledge, as the event of Pledges before it says (Enforced, BoughtBack); this one names who holds it."""
    row = session.get(ReceivableRow, args.child_id, with_for_update=True)
    if row is not None:
        agree(event, args.amount, row.face)
        holder = party(session, args.lender)
        row.holder_id = row.holder_id if holder is None else holder.id
        session.add(row)


def _line_set(session: Session, ctx: Context, args: receivables_events.LineSet, event: ChainEvent) -> None:
    debtor = party(session, args.debtor)
    if debtor is not None:
        lender = party(session, args.lender)
        debtor_lines.project_share(session, lender, debtor, args.limit, args.total)


def _defaulted(
    session: Session, row: ReceivableRow, before: Receivable, args: receivables_events.Defaulted, event: ChainEvent
) -> Outcome:
    return rules.default(before, by=CHAIN, today=CHAIN)


# Warehouse receipts


def _receipt(
    change: Callable[[Session, WarehouseReceipt, A, ChainEvent], GoodsOutcome],
) -> Callable[[Session, Context, A, ChainEvent], None]:
    def follow(session: Session, ctx: Context, args: A, event: ChainEvent) -> None:
        row = session.get(WarehouseReceiptRow, args.id, with_for_update=True)
        if row is not None:
            before = receipts.value(session, row)
            receipts.put(session, row, follows(event, change(session, before, args, event)))
            realisation.moved(session, row.id)

    return follow


def _by_two(
    change: Callable[[Session, WarehouseReceipt, A, ChainEvent], GoodsOutcome],
) -> Callable[[Session, Context, A, ChainEvent], None]:
    """A change by the word of owner and keeper: both have ended, and what was taken is promised without it."""

    def follow(session: Session, ctx: Context, args: A, event: ChainEvent) -> None:
        two_words.carried(session, ctx, args.id, event)
        _receipt(change)(session, ctx, args, event)

    return follow


def _receipt_issued(session: Session, ctx: Context, args: warehouse_receipts_events.Issued, event: ChainEvent) -> None:
    """Its terms are on the row since the service prepared the act."""
    row = session.get(WarehouseReceiptRow, args.id, with_for_update=True)
    if row is not None:
        row.status = inventory.State.ISSUED.value
        receipts.put(session, row, receipts.value(session, row))


def _receipt_transferred(
    session: Session, before: WarehouseReceipt, args: warehouse_receipts_events.Transferred, event: ChainEvent
) -> GoodsOutcome:
    """An owner that was never admitted by this service isn't known here: the reconciliation tells."""
    owner = party(session, args.to)
    return inventory.transfer(before, before.owner if owner is None else owner.id, by=CHAIN)


def _goods_released(
    session: Session, before: WarehouseReceipt, args: warehouse_receipts_events.GoodsReleased, event: ChainEvent
) -> GoodsOutcome:
    return inventory.release(before, args.quantity, by=CHAIN, ordered=CHAIN)


def _recounted(
    session: Session, before: WarehouseReceipt, args: warehouse_receipts_events.Recounted, event: ChainEvent
) -> GoodsOutcome:
    """What each pledge lost its own event has told (Shrunk): what they lost together is under no name any more, and
    the rule takes that first, as if it were the youngest pledge."""
    free, pledged = args.from_free, args.from_pledged
    after = inventory.recount(before, free + pledged, by=CHAIN)
    if isinstance(after, WarehouseReceipt):
        agree(event, free, before.free - after.free)
    return after


def _corrected(
    session: Session, before: WarehouseReceipt, args: warehouse_receipts_events.Corrected, event: ChainEvent
) -> GoodsOutcome:
    return inventory.correct(before, args.found, by=CHAIN, agreed=CHAIN)


def _goods_taken(session: Session, ctx: Context, args: warehouse_receipts_events.Taken, event: ChainEvent) -> None:
    """Out of a pledge, as the event of Pledges before it says (Enforced, BoughtBack); this one names who owns it."""
    row = session.get(WarehouseReceiptRow, args.child_id, with_for_update=True)
    if row is not None:
        agree(event, args.quantity, row.issued)
        owner = party(session, args.lender)
        row.owner_id = row.owner_id if owner is None else owner.id
        session.add(row)


HANDLERS: Handlers = dict(
    [
        on(receivables_events.Issued, _issued),
        on(receivables_events.Confirmed, _receivable(_confirmed)),
        on(receivables_events.Cancelled, _receivable(_cancelled)),
        on(receivables_events.Disputed, _receivable(_disputed)),
        on(receivables_events.DisputeResolved, _receivable(_dispute_resolved)),
        on(receivables_events.Credited, _receivable(_credited)),
        on(receivables_events.Split, _receivable(_split)),
        on(receivables_events.Taken, _taken),
        on(receivables_events.Transferred, _receivable(_transferred)),
        on(receivables_events.Settled, _settled),
        on(receivables_events.Defaulted, _receivable(_defaulted)),
        on(receivables_events.LineSet, _line_set),
        on(warehouse_receipts_events.Issued, _receipt_issued),
        on(warehouse_receipts_events.Transferred, _receipt(_receipt_transferred)),
        on(warehouse_receipts_events.GoodsReleased, _by_two(_goods_released)),
        on(warehouse_receipts_events.Recounted, _receipt(_recounted)),
        on(warehouse_receipts_events.Corrected, _by_two(_corrected)),
        on(warehouse_receipts_events.Taken, _goods_taken),
    ]
)
