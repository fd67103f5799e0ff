"""What becomes of a pledge by its parties' own acts: given up or enforced by the lender, ended by the pledgor."""

from __future__ import annotations

import re
from decimal import Decimal

from sqlmodel import Session

from chainfin.errors import BadInput, NotFound, Refused
from chainfin.loan import LoanState, accrue
from chainfin.money import Money
from chainfin.services import acts, funding, loanbook, warehouse
from chainfin.services.context import Actor, Context
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,19})?")


def release(ctx: Context, actor: Actor, pledge_id: str, amount: str | None = None) -> ActRow:
    """The lender gives up ``amount`` of its pledge (a decimal: of the currency, or of the goods' unit; None: all).

    Raises NotFound pledge_unknown; BadInput amount_…, quantity_…; Refused not_lender, pledge_state_wrong,
    exceeds_pledged.
    """
    with ctx.store.begin() as session:
        row = of_side(session, actor, pledge_id, "lender")
        part = row.left if amount is None else measured(session, row, amount)
        if part > row.left:
            raise Refused("exceeds_pledged", "more than is still locked", pledge=row.id)
        act = funding.release(session, ctx, row, part)
        assert act is not None, "a live pledge with an amount gives an act"
        return act


def enforce(ctx: Context, actor: Actor, pledge_id: str) -> ActRow:
    """The lender takes what is pledged, since the loan wasn't repaid (处置): it holds it as an asset of its own.

    The loan owes on; what the asset brings in serves it. Raises NotFound pledge_unknown; Conflict payment_under_way;
    Refused not_lender, pledge_state_wrong, pledge_not_drawn, not_yet_due, loan_not_overdue.
    """
    with ctx.store.begin() as session:
        row = of_side(session, actor, pledge_id, "lender")
        if not row.drawn:
            raise Refused("pledge_not_drawn", "nothing was paid out on it: there is no debt to enforce", pledge=row.id)
        asset = funding.asset_of(session, row)
        if isinstance(asset, ReceivableRow) and ctx.clock.today() <= asset.due_date:
            due = asset.due_date.isoformat()
            raise Refused("not_yet_due", f"the receivable is due on {due}", due_date=due)
        _unless_owed_in_time(session, ctx, row)
        return _act(session, ctx, row, row.lender_id, "enforce")


def _unless_owed_in_time(session: Session, ctx: Context, row: PledgeRow) -> None:
    """Raises Refused loan_not_overdue. A loan outside this book is its lender's own affair."""
    if row.loan_id is None:
        return
    _, loan = loanbook.load(session, row.loan_id)
    if loan.state in (LoanState.ACTIVE, LoanState.RESTRUCTURED):
        loan = accrue(loan, max(ctx.clock.today(), loan.accrued_to)).loan
    if loan.state is not LoanState.OVERDUE:
        raise Refused("loan_not_overdue", f"the loan is {loan.state.value}", loan=row.loan_id)


def expire(ctx: Context, actor: Actor, pledge_id: str) -> ActRow:
    """The pledgor ends a pledge on which nothing was paid out in time.

    Raises NotFound pledge_unknown; Refused not_pledgor, pledge_state_wrong, not_expired.
    """
    with ctx.store.begin() as session:
        row = of_side(session, actor, pledge_id, "pledgor")
        if row.drawn or row.expires_at is None or ctx.clock.now() <= row.expires_at:
            why = "it is drawn" if row.drawn or row.expires_at is None else f"it stands until {row.expires_at:%Y-%m-%d}"
            raise Refused("not_expired", why, pledge=row.id)
        return _act(session, ctx, row, row.pledgor_id, "expire")


def of_side(session: Session, actor: Actor, pledge_id: str, side: str) -> PledgeRow:
    """The live pledge, locked, for its ``side``. Raises NotFound pledge_unknown; Refused not_lender, not_pledgor,
    pledge_state_wrong."""
    party_id = actor.require()
    row = session.get(PledgeRow, pledge_id)
    if row is None or party_id not in (row.lender_id, row.pledgor_id):
        raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
    if party_id != (row.lender_id if side == "lender" else row.pledgor_id):
        raise Refused(f"not_{side}", f"this is the {side}'s act", pledge=row.id)
    row = funding.locked_pledge(session, pledge_id)
    if row.status != "active":
        raise Refused("pledge_state_wrong", f"the pledge is {row.status}", status=row.status)
    return row


def measured(session: Session, row: PledgeRow, amount: str) -> int:
    """A decimal amount of what is pledged: minor units of the receivable's currency, or thousandths of the goods' unit.

    Raises BadInput amount_…, quantity_….
    """
    asset = funding.asset_of(session, row)
    if isinstance(asset, ReceivableRow):
        return Money.positive(amount, asset.currency, where="/amount").minor
    if not _DECIMAL.fullmatch(amount):
        raise BadInput("quantity_malformed", f"{amount!r} is not a decimal quantity", where="/amount")
    return warehouse.thousandths(Decimal(amount), where="/amount")


def _act(session: Session, ctx: Context, row: PledgeRow, party_id: str, function: str) -> ActRow:
    return acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, party_id),
        contract="Pledges",
        function=function,
        params={"pledgeId": row.id, "assetId": row.asset_id},
        subject=row.id,
    )
