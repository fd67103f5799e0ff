"""Release of a pledge (解押): all or a part of it given up on chain, asked for again where it came to nothing."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import unless_refused
from chainfin.eth.bindings.pledges_acts import Release
from chainfin.rules import pledge as rules
from chainfin.rules.loan import LoanState
from chainfin.rules.pledge import State
from chainfin.services.kernel import acts, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, register
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow


def release(session: Session, ctx: Context, pledge: PledgeRow, amount: int) -> ActRow | None:
    """The lender gives up ``amount`` of its pledge on chain (fen, or thousandths of a receipt's unit).

    None where there is nothing to give up, or a release of all is on its way. Raises Refused exceeds_pledged.
    """
    if pledge.status != State.ACTIVE or amount <= 0:
        return None
    asset = assets.asset_of(session, pledge)
    after = unless_refused(rules.ask_release(pledge_rows.value(pledge), amount, by=pledge.lender_id))
    unless_refused(asset.unpledge(amount, pledge_id=pledge.id, by=pledge.lender_id))
    pledge_rows.put(session, pledge, after)
    return acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        act=Release(pledge_id=pledge.id, asset_id=pledge.asset_id, amount=amount),
        subject=pledge.id,
    )


def release_what_is_left(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """A release of all is on its way, but there is less by now: that one will be refused, and the rest is given up."""
    if pledge.status == State.RELEASING and pledge.left:
        pledge_rows.put(session, pledge, unless_refused(rules.keep(pledge_rows.value(pledge))))
        release(session, ctx, pledge, pledge.left)


def release_failed(session: Session, ctx: Context, pledge_id: str, *, unsigned: bool) -> None:
    """A release came to nothing. One that only waited too long for its signature is asked for again, where the pledge
    has nothing to secure any more."""
    if session.get(PledgeRow, pledge_id) is None:
        return
    pledge = assets.locked_pledge(session, pledge_id)
    if pledge.status != State.RELEASING:
        return
    pledge_rows.put(session, pledge, unless_refused(rules.keep(pledge_rows.value(pledge))))
    loan = None if pledge.loan_id is None else session.get_one(LoanRow, pledge.loan_id)
    if unsigned and loan is not None and loan.status in (LoanState.REPAID, LoanState.CANCELLED):
        release(session, ctx, pledge, pledge.left)


def end_or_go_on(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """There is less of the pledge, finally: what is left is given up if all of it was to be; an ended one leaves the
    statutory registry too."""
    if pledge.left:
        release_what_is_left(session, ctx, pledge)
    else:
        register.unregister(session, ctx, pledge, pledge.status)


def release_by_lender(ctx: Context, actor: Actor, pledge_id: str, amount: str | None = None) -> ActRow:
    """The lender gives up ``amount`` of its pledge (a decimal: of the currency, or of the goods' unit; None: all).

    Raises NotFound pledge_unknown; BadInput amount_…, quantity_…; Refused not_lender, pledge_state_wrong,
    exceeds_pledged.
    """
    with ctx.store.begin() as session:
        row = assets.for_party(session, actor, pledge_id)
        part = row.left if amount is None else assets.asset_of(session, row).measured(amount)
        unless_refused(rules.ask_release(pledge_rows.value(row), part, by=actor.require()))
        act = release(session, ctx, row, part)
        assert act is not None, "an active pledge with an amount gives an act"
        return act
