"""Goods that a lender took and doesn't need: back to their pledgor before the loan is repaid, by a valuation that a
person of one side proposes and one of the operator approves. They are handed out, since a receipt passes on whole.
"""

from __future__ import annotations

from typing import Final

from sqlmodel import Session, col, select

from chainfin.errors import Refused, unless_refused
from chainfin.eth.bindings.warehouse_receipts_acts import HandOut
from chainfin.risk.valuation import Valuation
from chainfin.rules import inventory
from chainfin.rules import realisation as rules
from chainfin.rules.act import CAME_TO_NOTHING, ActState
from chainfin.rules.inventory import FULL
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import loan_book
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, cover, realisation
from chainfin.services.pledges.release import PATIENCE
from chainfin.services.views.acts import ProposalView
from chainfin.services.views.pledges import TakenReturnView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.pledge_tables import PledgeRow, TakenReturnRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from chainfin.storage.types import new_id

RETURN: Final = "goods_return"


def propose(ctx: Context, actor: Actor, pledge_id: str, quantity: str, *, reason: str) -> ProposalView:
    """Lender or pledgor asks that ``quantity`` (a decimal in the receipt's unit) of what was taken goes back; a person
    of the operator decides, by the valuation in the proposal.

    Raises NotFound pledge_unknown; BadInput quantity_…; Forbidden person_missing, person_not_active; Refused
    pledge_not_taken, loan_over, exceeds_unsold, return_leaves_short, price_missing, price_stale.
    """
    with ctx.store.begin() as session:
        pledge = assets.for_party(session, actor, pledge_id)
        receipt, _ = realisation.taken_for(session, pledge)
        part = assets.of_row(session, receipt).measured(quantity)
        said = {"pledge": pledge.id, "receipt": receipt.id, "quantity": quantity, "unit": receipt.unit}
        said |= {
            "thousandths": str(part),
            "to": pledge.pledgor_id,
            **_judged(session, ctx, pledge, receipt, part).to_json(),
        }
        made = approvals.propose(
            session, ctx, actor, kind=RETURN, subject=pledge.id, payload=said, reason=reason, decided_by=None
        )
        return ProposalView.of(made)


def give_back(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A person of the operator approved it: the lender is asked to hand them out, as long as today's price and debt
    allow it. Raises Refused as `propose`."""
    pledge = assets.locked_pledge(session, proposal.subject)
    receipt, _ = realisation.taken_for(session, pledge)
    part = int(str(proposal.payload["thousandths"]))
    valuation = _judged(session, ctx, pledge, receipt, part)
    act = two_words.ask(session, ctx, receipt, HandOut(id=receipt.id, quantity=part))
    session.add(
        TakenReturnRow(
            id=new_id("ret"),
            cell=ctx.cell,
            pledge_id=pledge.id,
            receipt_id=receipt.id,
            quantity=part,
            valuation=dict(valuation.to_json()),
            proposal_id=proposal.id,
            act_id=act.id,
            created_at=ctx.clock.now(),
        )
    )


def _judged(session: Session, ctx: Context, pledge: PledgeRow, receipt: WarehouseReceiptRow, part: int) -> Valuation:
    """By what ``part`` may go back: the lowest of the lender's prices of the week, and all that is owed.

    Raises Refused exceeds_unsold, return_leaves_short, price_missing, price_stale.
    """
    row, loan = loan_book.load(session, ctx, str(pledge.loan_id))
    owed = cover.owed(loan, ctx.clock.today()) if loan.state in ACCRUING else loan.dues.total
    lowest = min(
        realisation.young_prices(session, ctx, pledge, receipt, row.currency), key=lambda price: price.minor_per_unit
    )
    worthless = inventory.unless_worthless(receipt.good, lowest.minor_per_unit)
    if worthless is not None:
        raise worthless.error()
    price = receipts.unit_price(lowest)
    unless_refused(rules.give_back(part, unsold=realisation.unsold(session, receipt), owed=owed, price=price))
    share = f"{rules.FLOOR / FULL}"
    return Valuation.made(price.amount, lowest.unit, price.currency, lowest.as_of, lowest.source, str(owed), share)


def remind(ctx: Context, *, limit: int = 100) -> int:
    """Ask the lenders again for the orders that came to nothing, as long as their loans run and what stays is enough.
    Returns how many acts were made."""
    with ctx.store.read() as session:
        due = [row.id for row in _undone(session, limit) if _rested(session, ctx, row)]
    made = 0
    for return_id in due:
        with ctx.store.begin() as session:
            row = session.get_one(TakenReturnRow, return_id)
            pledge = assets.locked_pledge(session, row.pledge_id)
            row = session.get_one(TakenReturnRow, return_id, with_for_update=True)
            made += _rested(session, ctx, row) and _again(session, ctx, row, pledge)
    return made


def _undone(session: Session, limit: int) -> list[TakenReturnRow]:
    query = select(TakenReturnRow).join(ActRow, col(ActRow.id) == col(TakenReturnRow.act_id))
    query = query.join(WarehouseReceiptRow, col(WarehouseReceiptRow.id) == col(TakenReturnRow.receipt_id))
    query = query.join(PledgeRow, col(PledgeRow.id) == col(TakenReturnRow.pledge_id))
    ended = query.where(col(ActRow.status).in_(CAME_TO_NOTHING))
    mine = ended.where(WarehouseReceiptRow.owner_id == PledgeRow.lender_id)
    return list(session.exec(mine.order_by(col(TakenReturnRow.id)).limit(limit)).all())


def _rested(session: Session, ctx: Context, row: TakenReturnRow) -> bool:
    act = session.get_one(ActRow, row.act_id)
    if act.status == ActState.EXPIRED:
        return True
    return act.status == ActState.REFUSED and act.final_at is not None and ctx.clock.now() - act.final_at >= PATIENCE


def _again(session: Session, ctx: Context, row: TakenReturnRow, pledge: PledgeRow) -> bool:
    try:
        receipt, _ = realisation.taken_for(session, pledge)
    except Refused:
        return False  # the loan is over: all goes back
    if row.quantity > receipt.reserved:
        return False  # a count found less
    row.act_id = two_words.ask(session, ctx, receipt, HandOut(id=receipt.id, quantity=row.quantity)).id
    session.add(row)
    return True


def of_pledge(ctx: Context, actor: Actor, pledge_id: str) -> list[TakenReturnView]:
    """What of taken goods went back, or is on its way, for the pledge's lender and pledgor. Raises NotFound
    pledge_unknown."""
    with ctx.store.read() as session:
        realisation.seen(session, actor, pledge_id)
        rows = select(TakenReturnRow).where(TakenReturnRow.pledge_id == pledge_id).order_by(col(TakenReturnRow.id))
        return [_view(session, row) for row in session.exec(rows)]


def _view(session: Session, row: TakenReturnRow) -> TakenReturnView:
    unit = session.get_one(WarehouseReceiptRow, row.receipt_id).unit
    return TakenReturnView.of(row, unit=unit, status=session.get_one(ActRow, row.act_id).status)
