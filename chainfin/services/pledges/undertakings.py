"""Undertakings over a pledge, and how they are kept: the undertaker pays the lender and has what was pledged.

Of goods a core enterprise undertakes to buy what isn't redeemed (保兑仓), once the loan is late, or earlier if their
pledgor has agreed to its terms. They go at the price in the terms (of which a hash is on chain), else at the newest
one, and never for less than their share of what is owed (差额回购): whoever pays less than all costs buys as much less.
For a receivable whoever gives recourse (有追索权) undertakes to pay what its debtor doesn't, once it is overdue: of the
claim it has as much as it paid on the loan, and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, select

from chainfin.canon import content_hash
from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, unless_refused
from chainfin.eth.bindings.pledges_acts import Undertake
from chainfin.eth.eip712 import AgreeBuyBack, word_name
from chainfin.rules import pledge as pledge_rules
from chainfin.rules import undertaking as promises
from chainfin.rules.act import ActState
from chainfin.services.kernel import acts, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.pledges import assets
from chainfin.services.trade.receivables import day_number
from chainfin.services.views.acts import ActView
from chainfin.services.views.pledges import UndertakingView
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow, UndertakingTermsRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.money import Money
from chainfin.values.party import Kind


def undertake(
    ctx: Context,
    actor: Actor,
    pledge_id: str,
    amount: str,
    until: date,
    wording: str,
    *,
    price: Money | None = None,
) -> ActView:
    """A party undertakes to buy up to ``amount`` of what is pledged (a decimal: of the receivable's currency, or of the
    goods' unit), if it is called by ``until``; goods at ``price`` a unit, or else at the day's. A hash of these terms
    goes on chain. Goods can be undertaken by core enterprises alone.

    The pledge's id can't be guessed: whoever knows it was told it by the pledge's parties. Raises Forbidden
    role_missing; NotFound pledge_unknown; BadInput amount_…, quantity_…, until_past, until_not_after_due,
    agreed_price_not_for_claims, price_not_positive, currency_mismatch; Refused transfer_to_debtor, pledge_state_wrong,
    undertaker_is_party, self_attested, exceeds_pledged, until_not_after_maturity, undertaking_exists.
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
        loan = None if pledge.loan_id is None else session.get_one(LoanRow, pledge.loan_id)
        if price is not None:
            _unless_fit(price, asset.priced, None if loan is None else loan.currency)
        return ActView.of(prepare(session, ctx, pledge, buyer_id, asset.measured(amount), until, wording, price))


def prepare(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    buyer_id: str,
    part: int,
    until: date,
    wording: str,
    price: Money | None,
) -> ActRow:
    """The undertaker's act over ``part`` of the pledge, which is locked, and its terms. Raises as `undertake`."""
    asset = assets.asset_of(session, pledge)
    loan = None if pledge.loan_id is None else session.get_one(LoanRow, pledge.loan_id)
    row = session.get(UndertakingRow, (pledge.id, buyer_id))
    before = None if row is None else promises.Undertaking(row.buyer_id, row.left, row.until)
    unless_refused(
        promises.undertake(
            part,
            buyer=buyer_id,
            parties=(pledge.lender_id, pledge.pledgor_id),
            keeper=asset.voucher_id if asset.priced else None,
            pledged=pledge.left,
            until=until,
            today=ctx.clock.today(),
            before=before,
            maturity=loan.maturity if loan is not None and asset.priced else None,
        )
    )
    buyer = gate.enter(session, buyer_id, Kind.PLEDGE)
    act = Undertake(
        pledge_id=pledge.id,
        asset_id=pledge.asset_id,
        amount=part,
        until_day=day_number(until),
        document_root=_terms(session, ctx, pledge, buyer, part, until, wording, price).document_root,
    )
    return acts.prepare(session, ctx, party=buyer, act=act, subject=pledge.id)


def _unless_fit(price: Money, priced: bool, currency: str | None) -> None:
    """Raises BadInput agreed_price_not_for_claims, price_not_positive, currency_mismatch."""
    if not priced:
        raise BadInput("agreed_price_not_for_claims", "a claim goes for what is paid on its loan", where="/price")
    if price.minor <= 0:
        raise BadInput("price_not_positive", f"a price must be greater than zero, not {price}", where="/price")
    if currency is not None and price.currency != currency:
        raise BadInput("currency_mismatch", f"the loan is in {currency}, not {price.currency}", where="/price")


def _terms(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    buyer: PartyRow,
    part: int,
    until: date,
    wording: str,
    price: Money | None,
) -> UndertakingTermsRow:
    """The terms, kept under their hash: who buys how much of which pledge, until when, in which words, at which
    price."""
    shown = None if price is None else {"amount": str(price), "currency": price.currency}
    text = {"pledge_id": pledge.id, "buyer": f"{buyer.legal_scheme}:{buyer.legal_value}", "wording": wording}
    text |= {"amount": str(part), "until": until.isoformat()}
    row = UndertakingTermsRow(
        document_root=content_hash({**text, "price": shown}),
        pledge_id=pledge.id,
        buyer_id=buyer.id,
        wording=wording,
        currency=None if price is None else price.currency,
        price=None if price is None else price.minor,
        created_at=ctx.clock.now(),
    )
    return session.merge(row)


def agree(ctx: Context, actor: Actor, pledge_id: str, buyer_id: str) -> ActView:
    """The pledgor agrees that an undertaker buys its goods by the terms on chain, also while its loan isn't late.
    Returns its word, to be signed by it: kept as evidence, not sent.

    Raises NotFound pledge_unknown, undertaking_unknown; Forbidden not_pledgor; Conflict buy_back_agreed.
    """
    with ctx.store.begin() as session:
        pledge = assets.for_party(session, actor, pledge_id)
        if actor.party_id != pledge.pledgor_id:
            raise Forbidden("not_pledgor", "whose goods they are agrees to sell them, nobody else")
        row = session.get(UndertakingRow, (pledge_id, buyer_id))
        if row is None or not assets.KINDS[pledge.asset_kind].priced:
            raise NotFound("undertaking_unknown", f"{buyer_id} undertook no goods of {pledge_id}")
        if any(act.status == ActState.SIGNED for act in _words(session, row)):
            raise Conflict("buy_back_agreed", "these terms were agreed to before")
        word = AgreeBuyBack(
            pledge_id=pledge.id,
            asset_id=pledge.asset_id,
            buyer=acts.chain_number(session.get_one(PartyRow, buyer_id)),
            document_root=row.document_root,
        )
        pledgor = session.get_one(PartyRow, pledge.pledgor_id)
        return ActView.of(acts.ride(session, ctx, party=pledgor, rider=word, subject=pledge.id))


def agreed(session: Session, row: UndertakingRow) -> bool:
    """Whether the pledgor has signed that these terms let its goods be bought before its loan is late."""
    return any(act.status == ActState.SIGNED for act in _words(session, row))


def _words(session: Session, row: UndertakingRow) -> Sequence[ActRow]:
    """The pledgor's words about the terms of this undertaking: an undertaking with others takes another word."""
    name = word_name(AgreeBuyBack)
    asked = select(ActRow).where(ActRow.subject == row.pledge_id, ActRow.function == name)
    buyer = acts.chain_number(session.get_one(PartyRow, row.buyer_id))
    words = [(act, AgreeBuyBack.from_params(act.params)) for act in session.exec(asked)]
    return [act for act, word in words if (word.buyer, word.document_root) == (buyer, row.document_root)]


def terms_of(session: Session, row: UndertakingRow) -> UndertakingTermsRow | None:
    """The terms of an undertaking; None of one that was given past this service: then only their hash is known."""
    found = session.get(UndertakingTermsRow, row.document_root)
    return found if found is not None and (found.pledge_id, found.buyer_id) == (row.pledge_id, row.buyer_id) else None


def of_pledge(ctx: Context, actor: Actor, pledge_id: str) -> list[UndertakingView]:
    """The undertakings over a pledge: all of them for its lender and pledgor, its own for a party that undertook.
    Raises NotFound pledge_unknown."""
    with ctx.store.read() as session:
        pledge = session.get(PledgeRow, pledge_id)
        rows = session.exec(select(UndertakingRow).where(UndertakingRow.pledge_id == pledge_id)).all()
        if pledge is not None:
            measure = assets.measure_of(session, pledge)
            seen = [UndertakingView.of(row, measure, terms_of(session, row), agreed(session, row)) for row in rows]
            if actor.sees_all or actor.party_id in (pledge.lender_id, pledge.pledgor_id):
                return seen
            own = [each for each in seen if each.buyer_id == actor.party_id]
            if own:
                return own
    raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
