"""Pledged goods whose loan is late, or whose margin call wasn't met: for whoever undertook to buy them, and their
keeper. Neither sees the loan; each is told what concerns it, and until when it can be called."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import Select

from chainfin.rules import margin
from chainfin.rules.loan import LoanState
from chainfin.services.books import loan_book
from chainfin.services.kernel import pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, standing_calls
from chainfin.services.views.pledges import LatePledgeView
from chainfin.storage.lending_tables import LoanRow, MarginCallRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import WarehouseReceiptRow


def list_(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[LatePledgeView]:
    """What concerns the actor, by the pledge's id; the operator and auditors see all, as keepers do."""
    with ctx.store.read() as session:
        query = _late(actor).where(PledgeRow.id > after).order_by(col(PledgeRow.id)).limit(limit)
        return [_view(session, ctx, actor, pledge, receipt) for pledge, receipt in session.exec(query)]


def _late(actor: Actor) -> Select[PledgeRow, WarehouseReceiptRow]:
    escalated = select(MarginCallRow.loan_id).where(MarginCallRow.status == margin.State.ESCALATED.value)
    query = (
        select(PledgeRow, WarehouseReceiptRow)
        .join(WarehouseReceiptRow, col(WarehouseReceiptRow.id) == col(PledgeRow.asset_id))
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS))
        .where(or_(LoanRow.status == LoanState.OVERDUE.value, col(LoanRow.id).in_(escalated)))
    )
    if actor.sees_all:
        return query
    promised = select(UndertakingRow.pledge_id).where(
        UndertakingRow.buyer_id == actor.party_id, UndertakingRow.left > 0
    )
    return query.where(or_(WarehouseReceiptRow.keeper_id == actor.party_id, col(PledgeRow.id).in_(promised)))


def _view(
    session: Session, ctx: Context, actor: Actor, pledge: PledgeRow, receipt: WarehouseReceiptRow
) -> LatePledgeView:
    loan_id = str(pledge.loan_id)
    _, loan = loan_book.load(session, ctx, loan_id)
    call = standing_calls.escalated(session, loan_id)
    own = None if actor.party_id is None else session.get(UndertakingRow, (pledge.id, actor.party_id))
    overdue = loan.state is LoanState.OVERDUE
    return LatePledgeView(
        id=pledge.id,
        receipt_id=receipt.id,
        measure=assets.measure_of(session, pledge),
        left=pledge.left,
        why="loan_overdue" if overdue or call is None else "margin_call_unmet",
        since=loan.unpaid_since if overdue or call is None else call.escalated_on,
        undertaken=None if own is None else own.left,
        until=None if own is None else own.until,
    )
