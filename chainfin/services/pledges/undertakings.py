"""Undertakings over a pledge, and how they are kept: the undertaker pays the lender and has what was pledged.

Of goods a core enterprise undertakes to buy what isn't redeemed (保兑仓); they go at the newest price: whoever pays
less than that price for all that it undertook buys as much less. For a receivable whoever gives recourse (有追索权)
undertakes to pay what its debtor doesn't, once it is overdue: of the claim it has as much as it paid on the loan, and
no more.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import select

from chainfin.errors import BadInput, NotFound, unless_refused
from chainfin.eth.bindings.pledges_acts import Undertake
from chainfin.hashing import keccak
from chainfin.rules import pledge as pledge_rules
from chainfin.rules import undertaking as promises
from chainfin.services.kernel import acts, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.pledges import assets
from chainfin.services.trade.receivables import day_number
from chainfin.services.views.acts import ActView
from chainfin.services.views.pledges import UndertakingView
from chainfin.storage.trade_tables import PledgeRow, UndertakingRow
from chainfin.values.party import Kind


def undertake(ctx: Context, actor: Actor, pledge_id: str, amount: str, until: date, wording: str) -> ActView:
    """A party undertakes to buy up to ``amount`` of what is pledged (a decimal: of the receivable's currency, or of the
    goods' unit), if it is called by ``until``. A hash of the wording goes on chain. Goods can be undertaken by core
    enterprises alone.

    The pledge's id can't be guessed: whoever knows it was told it by the pledge's parties. Raises Forbidden
    role_missing; NotFound pledge_unknown; BadInput amount_…, quantity_…, until_past, until_not_after_due; Refused
    transfer_to_debtor, pledge_state_wrong, undertaker_is_party, self_attested, exceeds_pledged, undertaking_exists.
    """
    buyer_id, today = actor.require(), ctx.clock.today()
    if until < today:
        raise BadInput("until_past", f"{until} is past", where="/until")
    with ctx.store.begin() as session:
        if session.get(PledgeRow, pledge_id) is None:
            raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
        pledge = assets.locked_pledge(session, pledge_id)
        asset = assets.asset_of(session, pledge)
        if asset.undertaker is not None:
            actor.require(asset.undertaker)
        unless_refused(asset.undertakable(buyer_id, until))
        unless_refused(pledge_rules.may_undertake(pledge_rows.value(pledge), by=buyer_id))
        part = asset.measured(amount)
        row = session.get(UndertakingRow, (pledge_id, buyer_id))
        before = None if row is None else promises.Undertaking(row.buyer_id, row.left, row.until)
        unless_refused(
            promises.undertake(
                part,
                buyer=buyer_id,
                parties=(pledge.lender_id, pledge.pledgor_id),
                keeper=asset.voucher_id if asset.priced else None,
                pledged=pledge.left,
                until=until,
                today=today,
                before=before,
            )
        )
        act = Undertake(
            pledge_id=pledge.id,
            asset_id=pledge.asset_id,
            amount=part,
            until_day=day_number(until),
            document_root="0x" + keccak(wording.encode()).hex(),
        )
        buyer = gate.enter(session, buyer_id, Kind.PLEDGE)
        return ActView.of(acts.prepare(session, ctx, party=buyer, act=act, subject=pledge.id))


def of_pledge(ctx: Context, actor: Actor, pledge_id: str) -> list[UndertakingView]:
    """The undertakings over a pledge: all of them for its lender and pledgor, its own for a party that undertook.
    Raises NotFound pledge_unknown."""
    with ctx.store.read() as session:
        pledge = session.get(PledgeRow, pledge_id)
        rows = session.exec(select(UndertakingRow).where(UndertakingRow.pledge_id == pledge_id)).all()
        if pledge is not None:
            measure = assets.measure_of(session, pledge)
            seen = [UndertakingView.of(row, measure) for row in rows]
            if actor.sees_all or actor.party_id in (pledge.lender_id, pledge.pledgor_id):
                return seen
            own = [each for each in seen if each.buyer_id == actor.party_id]
            if own:
                return own
    raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
