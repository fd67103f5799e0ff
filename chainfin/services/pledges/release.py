"""Release of a pledge (解押): all or a part of it given up on chain, asked for again where it came to nothing."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Refused
from chainfin.eth.bindings.pledges_acts import Release
from chainfin.rules.loan import LoanState
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, register
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow


def release(session: Session, ctx: Context, pledge: PledgeRow, amount: int) -> ActRow | None:
    """The lender gives up ``amount`` of its pledge on chain (fen, or thousandths of a receipt's unit)."""
    if pledge.status != "active" or amount <= 0:
        return None
    if amount == pledge.left:
        pledge.status = "releasing"
        session.add(pledge)
    return acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        act=Release(pledge_id=pledge.id, asset_id=pledge.asset_id, amount=amount),
        subject=pledge.id,
    )


def release_what_is_left(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """A release of all is on its way, but there is less by now: that one will be refused, and the rest is given up."""
    if pledge.status == "releasing" and pledge.left:
        pledge.status = "active"
        release(session, ctx, pledge, pledge.left)


def release_failed(session: Session, ctx: Context, pledge_id: str, *, unsigned: bool) -> None:
    """A release came to nothing. One that only waited too long for its signature is asked for again, where the pledge
    has nothing to secure any more."""
    if session.get(PledgeRow, pledge_id) is None:
        return
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.status != "releasing":
        return
    pledge.status = "active"
    session.add(pledge)
    loan = None if pledge.loan_id is None else session.get_one(LoanRow, pledge.loan_id)
    if unsigned and loan is not None and loan.status in (LoanState.REPAID, LoanState.CANCELLED):
        release(session, ctx, pledge, pledge.left)


def pledge_shrunk(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """A part or all of the pledge is over, finally: an ended pledge leaves the statutory registry too."""
    if pledge.status in ("released", "enforced", "lost"):
        register.unregister(session, ctx, pledge, pledge.status)


def release_by_lender(ctx: Context, actor: Actor, pledge_id: str, amount: str | None = None) -> ActRow:
    """The lender gives up ``amount`` of its pledge (a decimal: of the currency, or of the goods' unit; None: all).

    Raises NotFound pledge_unknown; BadInput amount_…, quantity_…; Refused not_lender, pledge_state_wrong,
    exceeds_pledged.
    """
    with ctx.store.begin() as session:
        row = assets.of_side(session, actor, pledge_id, "lender")
        part = row.left if amount is None else assets.measured(session, row, amount)
        if part > row.left:
            raise Refused("exceeds_pledged", "more than is still locked", pledge=row.id)
        act = release(session, ctx, row, part)
        assert act is not None, "a live pledge with an amount gives an act"
        return act
