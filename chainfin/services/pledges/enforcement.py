"""What becomes of a pledge by its parties' own acts: given up or enforced by the lender, ended by the pledgor."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused, unless_refused
from chainfin.eth.bindings.pledges_acts import Enforce, Expire
from chainfin.rules import pledge as rules
from chainfin.rules.act import ActState
from chainfin.rules.loan import LoanState, accrue
from chainfin.rules.loan.state import ACCRUING, OVER
from chainfin.services.books import bank_statement, loan_book
from chainfin.services.kernel import act_state, acts, in_flight, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, standing_calls
from chainfin.services.pledges.release import PATIENCE
from chainfin.services.views.acts import ActView
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow


def enforce(ctx: Context, actor: Actor, pledge_id: str) -> ActView:
    """The lender takes what is pledged, since the loan wasn't repaid (处置), or goods since a margin call wasn't met
    (民法典 §433): it holds it as an asset of its own.

    The loan owes on; what the asset brings in serves it. Raises NotFound pledge_unknown; Conflict payment_under_way,
    bank_statement_missing (a payment in time may still be told of); Refused not_lender, pledge_state_wrong,
    pledge_not_drawn, not_yet_due, loan_not_overdue.
    """
    with ctx.store.begin() as session:
        row, by = assets.for_party(session, actor, pledge_id), actor.require()
        unless_refused(rules.enforce(pledge_rows.value(row), by=by))
        asset = assets.asset_of(session, row)
        unless_refused(asset.enforce(pledge_id=row.id, child_id="", by=by, today=ctx.clock.chain_day()))
        if asset.due_date is not None:
            bank_statement.unless_in_time(session, ctx, asset.due_date)
        if not _was_called(session, row):
            _unless_owed_in_time(session, ctx, row)
        return _act(session, ctx, row, row.lender_id, Enforce)


def is_enforcement(act: ActRow) -> bool:
    return (act.contract, act.function) == (Enforce.CONTRACT, Enforce.FUNCTION)


def unless_outdated(session: Session, ctx: Context, act: ActRow) -> Refused | None:
    """None if the lender may still take what it asked for. Else the act ends unsigned and the reason is returned
    (enforcement_outdated): the loan was repaid, or the call met, since it was asked. Raises Conflict
    bank_statement_missing."""
    pledge = session.get_one(PledgeRow, act.subject)
    try:
        if not _was_called(session, pledge):
            _unless_owed_in_time(session, ctx, pledge)
    except Refused as gone:
        reason = Refused("enforcement_outdated", f"nothing may be taken any more: {gone.message}", act=act.id)
        act_state.refuse(session, ctx, act, reason)
        return reason
    return None


def _was_called(session: Session, row: PledgeRow) -> bool:
    """Whether goods are taken on a margin call that isn't met. Raises Conflict bank_statement_missing: a payment of its
    last day, or of the day on which the lender needn't wait any more, may still be told of."""
    if row.loan_id is None or not assets.KINDS[row.asset_kind].priced:
        return False
    call = standing_calls.escalated(session, row.loan_id)
    if call is None:
        return False
    days = [day for day in (call.due_on, call.escalated_on) if day is not None]
    bank_statement.unless_open(session, min(days))
    return True


def _unless_owed_in_time(session: Session, ctx: Context, row: PledgeRow) -> None:
    """Raises Refused loan_not_overdue. A loan outside this book is its lender's own affair."""
    if row.loan_id is None:
        return
    _, loan = loan_book.load(session, ctx, row.loan_id)
    if loan.state in (LoanState.ACTIVE, LoanState.RESTRUCTURED):
        loan = accrue(loan, max(ctx.clock.today(), loan.accrued_to)).loan
    if loan.state is not LoanState.OVERDUE:
        raise Refused("loan_not_overdue", f"the loan is {loan.state.value}", loan=row.loan_id)
    bank_statement.unless_open(session, loan.unpaid_since)


def expire(ctx: Context, actor: Actor, pledge_id: str) -> ActView:
    """The pledgor ends a pledge on which nothing was paid out in time.

    Raises NotFound pledge_unknown; Refused loan_paid_out (it was, though the chain isn't told yet), not_pledgor,
    pledge_state_wrong, not_expired.
    """
    with ctx.store.begin() as session:
        row = assets.for_party(session, actor, pledge_id)
        unless_refused(rules.expire(pledge_rows.value(row), by=actor.require(), now=ctx.clock.now()))
        if row.loan_id is not None and session.get_one(LoanRow, row.loan_id).status in ACCRUING:
            raise Refused("loan_paid_out", "the loan behind it was paid out, and isn't repaid", loan=row.loan_id)
        return _act(session, ctx, row, row.pledgor_id, Expire)


def expire_due(ctx: Context, *, limit: int = 100) -> int:
    """Ask the pledgors of loans that were never paid out to end their pledges, which nobody drew in time and their
    lenders didn't give up; again, where an act ended without it. Returns how many acts were made."""
    with ctx.store.read() as session:
        due = [pledge.id for pledge in _lapsed(session, ctx, limit) if _to_expire(session, ctx, pledge)]
    made = 0
    for pledge_id in due:
        with ctx.store.begin() as session:
            pledge = assets.locked_pledge(session, pledge_id)
            if _to_expire(session, ctx, pledge):
                _act(session, ctx, pledge, pledge.pledgor_id, Expire)
                made += 1
    return made


def _lapsed(session: Session, ctx: Context, limit: int) -> Sequence[PledgeRow]:
    query = (
        select(PledgeRow)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS), col(PledgeRow.drawn).is_(False))
        .where(col(PledgeRow.expires_at) < ctx.clock.now())
        .where(col(LoanRow.status).in_([state.value for state in OVER]))
    )
    return session.exec(query.order_by(col(PledgeRow.id)).limit(limit)).all()


def _to_expire(session: Session, ctx: Context, pledge: PledgeRow) -> bool:
    """Whether it may be ended, nothing is on its way that would do so, and the chain didn't just refuse it."""
    if isinstance(rules.expire(pledge_rows.value(pledge), by=pledge.pledgor_id, now=ctx.clock.now()), Refusal):
        return False
    if in_flight.leaving(session, pledge, unsigned=False) >= pledge.left:
        return False
    asked = select(ActRow).where(ActRow.subject == pledge.id, ActRow.function == Expire.FUNCTION)
    last = session.exec(asked.order_by(col(ActRow.id).desc()).limit(1)).first()
    if last is None or last.status == ActState.EXPIRED:
        return True
    return last.status == ActState.REFUSED and last.final_at is not None and ctx.clock.now() - last.final_at >= PATIENCE


def _act(session: Session, ctx: Context, row: PledgeRow, party_id: str, act: type[Enforce] | type[Expire]) -> ActView:
    party, declaration = session.get_one(PartyRow, party_id), act(pledge_id=row.id, asset_id=row.asset_id)
    return ActView.of(acts.prepare(session, ctx, party=party, act=declaration, subject=row.id))
