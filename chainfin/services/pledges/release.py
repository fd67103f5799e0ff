"""Release of a pledge (解押): what of it a loan no longer needs is asked of its lender, until it is given up.

What is asked for counts as gone at once. Each act carries what has to stay, and by which price that was reckoned; it is
looked at again when it is signed, and the contract refuses what would leave less. An act that came to nothing, or that
no longer may be signed, is reckoned anew: the act that ended last tells whether something is still owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused, unless_refused
from chainfin.eth.bindings.pledges_acts import Release, Undertake
from chainfin.risk.valuation import NO_VALUATION, Valuation
from chainfin.rules import facility, inventory
from chainfin.rules import pledge as rules
from chainfin.rules.act import CAME_TO_NOTHING, ActState
from chainfin.rules.loan import accrue
from chainfin.rules.loan.state import ACCRUING, OVER
from chainfin.rules.pledge import LIVE, State
from chainfin.services.books import loan_book
from chainfin.services.goods import care, receipts, redemption
from chainfin.services.goods.receipt_asset import ReceiptAsset
from chainfin.services.kernel import act_state, acts, in_flight, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, cover, register, standing_calls
from chainfin.services.views.acts import ActView
from chainfin.storage.goods_tables import GoodsMinimumRow
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, RepaymentRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from chainfin.values.money import BasisPoints, Money
from chainfin.values.product import Product

ASKED: Final = "asked"
"""Where an act keeps why it was made: OWED or ALL; a part that a lender gives up of its own has neither."""
OWED: Final = "owed"
WITHIN: Final = "within"
"""Its pledgor takes out what the lender's minimum leaves (`floating`)."""
ALL: Final = "all"
"""The lender gives up all that there is."""
PATIENCE: Final = timedelta(hours=1)
"""How long what the chain refused rests before the same is asked for again: nothing here has changed since."""


def ask(session: Session, ctx: Context, pledge: PledgeRow, *, unlike: ActRow | None = None) -> ActRow | None:
    """Ask the lender for what may be given up of the pledge now; it takes the place of what was asked for and isn't
    signed yet. None where that is nothing, or the same as ``unlike``, which the chain refused. The pledge is locked."""
    if pledge.status not in set(LIVE):
        return None
    standing = _unsigned(session, pledge)
    there = pledge.left - in_flight.leaving(session, pledge, but=[act.id for act in standing])
    part, valuation = _may_go(session, ctx, pledge, there)
    for act in standing:
        if _says(act, part, there - part):
            return act
    for act in standing:
        _withdraw(session, ctx, act, pledge)
    if part <= 0 or (unlike is not None and _says(unlike, part, there - part)):
        return None
    return _prepare(session, ctx, pledge, part, pledge.left - there, why=OWED, valuation=valuation)


def ask_again(session: Session, ctx: Context, pledge: PledgeRow, *, unlike: ActRow | None = None) -> ActRow | None:
    """`ask`, if something is still owed: the loan is over, or what was asked for hasn't come to be."""
    return ask(session, ctx, pledge, unlike=unlike) if _owes(session, pledge) else None


def _owes(session: Session, pledge: PledgeRow) -> bool:
    if pledge.loan_id is None:
        return False
    if session.get_one(LoanRow, pledge.loan_id).status in set(OVER):
        return True
    asked = [act for act in _acts(session, pledge.id) if act.extra.get(ASKED) == OWED]
    paid = session.exec(select(func.max(RepaymentRow.created_at)).where(RepaymentRow.loan_id == pledge.loan_id)).one()
    if paid is not None and all(act.created_at < paid for act in asked):
        return True  # it was paid while nobody could say what may go
    if any(act.final_at is None for act in asked):
        return True
    ended = [(act.final_at, act.status != ActState.FINAL) for act in asked if act.final_at is not None]
    return max(ended, default=(None, False))[1]


def _may_go(session: Session, ctx: Context, pledge: PledgeRow, there: int) -> tuple[int, Valuation | None]:
    """How much of what is ``there`` the loan doesn't need any more, and by which price: of what was lent on as much as
    it is too much at the rate of the offer; of a loan that is over all."""
    if pledge.loan_id is None or there <= 0:
        return 0, None
    row, loan = loan_book.load(session, ctx, pledge.loan_id)
    if row.status in set(OVER):
        return there, None
    application = session.get_one(ApplicationRow, row.application_id)
    today, rate = ctx.clock.today(), cover.advance_rate(session, row)
    if loan.state not in ACCRUING or application.asset_id != pledge.asset_id or _unless_held(session, pledge, today):
        return 0, None
    assert rate is not None, "what was lent on something has a rate"
    owed = accrue(loan, max(today, loan.accrued_to)).loan.dues.total
    if pledge.asset_kind != ReceiptAsset.kind:
        return facility.releasable(there, owed, rate), None
    # what came in the place of sold goods carries its part
    owed = cover.base(session, row, rate, today, but=frozenset({pledge.id})).shortfall(owed)
    try:
        return redemption.releasable(session, pledge, there, owed, today)
    except Refused:  # nobody knows what the goods are worth
        return 0, None


def within(session: Session, ctx: Context, pledge: PledgeRow, part: int, there: int) -> Valuation | Refusal:
    """By what ``part`` of the ``there`` may be taken out though nothing is repaid, or why not.

    Refusals: pledge_state_wrong, loan_not_running, minimum_missing, below_minimum, price_…, those of `_unless_held`.
    """
    today = ctx.clock.today()
    held = _unless_held(session, pledge, today)
    if held is not None:
        return held
    if pledge.loan_id is None or pledge.asset_kind != ReceiptAsset.kind:
        return Refusal("minimum_missing", "no minimum was set for what is pledged")
    minimum = session.get(GoodsMinimumRow, pledge.loan_id)
    row, loan = loan_book.load(session, ctx, pledge.loan_id)
    if loan.state not in ACCRUING:
        return Refusal("loan_not_running", f"the loan is {loan.state.value}")
    if minimum is None:
        return Refusal("minimum_missing", "the lender has set no minimum: goods go as the loan is repaid")
    owed, rate = cover.owed(loan, today), cover.advance_rate(session, row)
    assert rate is not None, "what was lent on goods has a rate"
    try:
        price = receipts.unit_price(redemption.price_of(session, pledge, row.currency, today))
        valuation = redemption.valued(session, pledge, owed, today)
    except Refused as blind:
        return Refusal(blind.code, blind.message)
    least, ltv = Money(minimum.amount, minimum.currency), BasisPoints(int(rate * inventory.FULL))
    there += _beside(session, pledge)
    return inventory.within_minimum(part, there=there, minimum=least, owed=owed, price=price, ltv=ltv) or valuation


def _beside(session: Session, pledge: PledgeRow) -> int:
    """What else of goods stays pledged for the loan: like those that were lent on, at the same price (`top_ups`)."""
    others = select(PledgeRow).where(
        PledgeRow.loan_id == pledge.loan_id,
        PledgeRow.id != pledge.id,
        col(PledgeRow.asset_kind).in_(assets.PRICED),
        PledgeRow.status == State.ACTIVE.value,
    )
    return sum(max(0, each.left - in_flight.leaving(session, each)) for each in session.exec(others))


def ask_within(
    session: Session, ctx: Context, pledge: PledgeRow, part: int, promised: int, valuation: Valuation
) -> ActRow:
    """Ask the lender for what may be taken out. Raises Refused pledge_state_wrong, exceeds_pledged."""
    return _prepare(session, ctx, pledge, part, promised, why=WITHIN, valuation=valuation)


def _unless_held(session: Session, pledge: PledgeRow, today: date) -> Refusal | None:
    """Why nothing of the pledge is given up before its loan is over: its borrower hasn't met a margin call of its
    lender's, or the goods aren't cared for. Refusals: margin_call_open, count_under_way, inspection_overdue,
    insurance_ends."""
    if pledge.loan_id is None:
        return None
    row = session.get_one(LoanRow, pledge.loan_id)
    if row.product != Product.INVENTORY_PLEDGE or row.status in set(OVER):
        return None
    called = standing_calls.unless_called(session, row.lender_id, row.borrower_id)
    if called is not None or pledge.asset_kind != ReceiptAsset.kind:
        return called
    receipt = session.get_one(WarehouseReceiptRow, pledge.asset_id)
    return care.unless_cared(session, receipt, today, row.maturity)


def _prepare(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    part: int,
    promised: int,
    *,
    why: str = "",
    valuation: Valuation | None = None,
) -> ActRow:
    """``promised``: what of the pledge is on its way out already. Raises Refused exceeds_pledged."""
    asset = assets.asset_of(session, pledge)
    after = unless_refused(rules.ask_release(pledge_rows.value(pledge), part, promised=promised, by=pledge.lender_id))
    unless_refused(asset.unpledge(part, pledge_id=pledge.id, by=pledge.lender_id))
    pledge_rows.put(session, pledge, after)
    return acts.prepare(
        session,
        ctx,
        party=session.get_one(PartyRow, pledge.lender_id),
        act=Release(
            pledge_id=pledge.id,
            asset_id=pledge.asset_id,
            amount=part,
            keep=pledge.left - promised - part,
            valuation=NO_VALUATION if valuation is None else valuation.hash,
        ),
        subject=pledge.id,
        extra=({ASKED: why} if why else {}) | ({"valuation": valuation.to_json()} if valuation is not None else {}),
    )


def _acts(session: Session, pledge_id: str) -> Sequence[ActRow]:
    """All releases of the pledge, in the order of making."""
    made = select(ActRow).where(
        ActRow.subject == pledge_id, ActRow.contract == Release.CONTRACT, ActRow.function == Release.FUNCTION
    )
    return session.exec(made.order_by(col(ActRow.id))).all()


def _unsigned(session: Session, pledge: PledgeRow) -> list[ActRow]:
    """What was asked for and waits for its signature."""
    waiting = [act for act in _acts(session, pledge.id) if act.status == ActState.AWAITING_SIGNATURE]
    return [act for act in waiting if act.extra.get(ASKED) == OWED]


def _says(act: ActRow, part: int, keep: int) -> bool:
    wanted = Release.from_params(act.params)
    return (wanted.amount, wanted.keep) == (part, keep)


def _withdraw(session: Session, ctx: Context, act: ActRow, pledge: PledgeRow) -> Refused:
    """The act ends unsigned: another takes its place, or nothing may be given up now. Returns the reason."""
    reason = Refused("release_outdated", "what may be released has changed since this was made", act=act.id)
    act_state.refuse(session, ctx, act, reason)
    _kept(session, pledge)
    return reason


def _kept(session: Session, pledge: PledgeRow) -> None:
    """Not all of it is on its way out any more."""
    if pledge.status == State.RELEASING:
        pledge_rows.put(session, pledge, unless_refused(rules.keep(pledge_rows.value(pledge))))


def unless_outdated(session: Session, ctx: Context, act: ActRow) -> Refused | None:
    """None if a release may still be signed. Else it ends unsigned, is asked for anew as far as it may be, and the
    reason is returned (release_outdated). Pledge and act are locked."""
    pledge, wanted = session.get_one(PledgeRow, act.subject), Release.from_params(act.params)
    why = act.extra.get(ASKED)
    there = pledge.left - in_flight.leaving(session, pledge, but=[act.id], unsigned=False)
    holds = pledge.status in set(LIVE) and rules.stays(there, wanted.amount, wanted.keep) is None
    holds = holds and _unless_held(session, pledge, ctx.clock.today()) is None
    if holds and why == OWED:
        holds = wanted.amount <= _may_go(session, ctx, pledge, there)[0]
    elif holds and why == WITHIN:
        holds = not isinstance(within(session, ctx, pledge, wanted.amount, there), Refusal)
    elif holds:
        holds = cover.unless_called(session, ctx, pledge, wanted.amount) is None
    if holds:
        return None
    reason = _withdraw(session, ctx, act, pledge)
    _instead(session, ctx, pledge, why)
    return reason


def _instead(session: Session, ctx: Context, pledge: PledgeRow, why: object, unlike: ActRow | None = None) -> None:
    """What is asked for in the place of an act that came to nothing."""
    left = pledge.left - in_flight.leaving(session, pledge)
    held = _unless_held(session, pledge, ctx.clock.today())
    if why == ALL and pledge.status == State.ACTIVE and left > 0 and held is None:
        _prepare(session, ctx, pledge, left, pledge.left - left, why=ALL)
    else:
        ask_again(session, ctx, pledge, unlike=unlike)


def failed(session: Session, ctx: Context, act: ActRow) -> None:
    """A release came to nothing: nobody signed it in time, or the chain refused it. The pledge is locked."""
    pledge = session.get(PledgeRow, act.subject)
    if pledge is None:
        return
    _kept(session, pledge)
    refused = act.status == ActState.REFUSED
    _instead(session, ctx, pledge, act.extra.get(ASKED) if refused else None, act if refused else None)


def lock(session: Session, act_id: str) -> None:
    """Lock the pledge that a release or an undertaking is about, before the act itself: so does everybody who makes
    one. Nothing where the act is neither."""
    act = session.get(ActRow, act_id)
    if (
        act is not None
        and (is_release(act) or act.function == Undertake.FUNCTION)
        and session.get(PledgeRow, act.subject) is not None
    ):
        assets.locked_pledge(session, act.subject)


def is_release(act: ActRow) -> bool:
    return (act.contract, act.function) == (Release.CONTRACT, Release.FUNCTION)


def end_or_go_on(session: Session, ctx: Context, pledge: PledgeRow) -> None:
    """There is less of the pledge, finally: what is still owed of it is reckoned anew; an ended one leaves the
    statutory registry too."""
    if pledge.left:
        ask_again(session, ctx, pledge)
        return
    for act in _unsigned(session, pledge):
        _withdraw(session, ctx, act, pledge)
    register.unregister(session, ctx, pledge, pledge.status)


def remind(ctx: Context, *, limit: int = 1000) -> int:
    """Ask again for what is owed and nobody is asked for: a release that may be made now (its price is there again),
    or what the chain refused a while ago. Returns how many acts were made."""
    with ctx.store.read() as session:
        due = [pledge.id for pledge in _neglected(session, limit) if _rested(session, ctx, pledge)]
    made = 0
    for pledge_id in due:
        with ctx.store.begin() as session:
            made += ask_again(session, ctx, assets.locked_pledge(session, pledge_id)) is not None
    return made


def _neglected(session: Session, limit: int) -> Sequence[PledgeRow]:
    """Active pledges of loans that are over, those of which a release came to nothing, and those of goods whose loan
    was paid down and for which nothing was asked since: what a lender gave up of its own will answers no payment."""
    broken = (
        select(ActRow.id)
        .where(ActRow.subject == PledgeRow.id, ActRow.function == Release.FUNCTION)
        .where(col(ActRow.status).in_(CAME_TO_NOTHING))
    )
    since = select(ActRow.id).where(
        ActRow.subject == PledgeRow.id,
        ActRow.function == Release.FUNCTION,
        col(ActRow.extra)[ASKED].as_string() == OWED,
        ActRow.created_at >= RepaymentRow.created_at,
    )
    paid = select(RepaymentRow.id).where(RepaymentRow.loan_id == PledgeRow.loan_id, ~since.exists())
    unanswered = col(PledgeRow.asset_kind).in_(assets.PRICED) & paid.exists()
    query = (
        select(PledgeRow)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(PledgeRow.status == State.ACTIVE.value)
        .where(col(LoanRow.status).in_([state.value for state in OVER]) | broken.exists() | unanswered)
    )
    return session.exec(query.order_by(col(PledgeRow.id)).limit(limit)).all()


def _rested(session: Session, ctx: Context, pledge: PledgeRow) -> bool:
    """Whether asking now gives an act: something may go that nobody is asked for, and it wasn't just refused."""
    if not _owes(session, pledge) or _unsigned(session, pledge):
        return False
    by_chain = (
        act
        for act in _acts(session, pledge.id)
        if act.status == ActState.REFUSED and act.error_code != "release_outdated"
    )
    refused = [act.final_at for act in by_chain]
    if refused and refused[-1] is not None and ctx.clock.now() - refused[-1] < PATIENCE:
        return False
    return _may_go(session, ctx, pledge, pledge.left - in_flight.leaving(session, pledge))[0] > 0


def release_by_lender(ctx: Context, actor: Actor, pledge_id: str, amount: str | None = None) -> ActView:
    """The lender gives up ``amount`` of its pledge (a decimal: of the currency, or of the goods' unit; None: all that
    isn't on its way out, in the place of what it was asked for).

    Raises NotFound pledge_unknown; BadInput amount_…, quantity_…; Refused not_lender, pledge_state_wrong,
    exceeds_pledged, release_leaves_short (goods of a running loan), price_missing, price_stale; while the loan runs
    margin_call_open, count_under_way, inspection_overdue, insurance_ends.
    """
    with ctx.store.begin() as session:
        row, by = assets.for_party(session, actor, pledge_id), actor.require()
        called = _unless_held(session, row, ctx.clock.today())
        if called is not None and by == row.lender_id:
            raise called.error()
        if amount is None and by == row.lender_id:
            for act in _unsigned(session, row):
                _withdraw(session, ctx, act, row)
        promised = in_flight.leaving(session, row)
        part = row.left - promised if amount is None else assets.asset_of(session, row).measured(amount)
        unless_refused(rules.ask_release(pledge_rows.value(row), part, promised=promised, by=by))
        short = cover.unless_called(session, ctx, row, part)
        if short is not None:
            raise short.error()
        return ActView.of(_prepare(session, ctx, row, part, promised, why=ALL if amount is None else ""))
