"""Buy-back (回购): whoever undertook it pays the lender, the bank attests it, and what was pledged is its own.

The money waits in suspense until that is final on chain. Then it serves the loan, and what the loan doesn't need is the
pledgor's; if the chain refuses, it goes back. So nobody has paid for what it doesn't get.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final

from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused
from chainfin.eth.bindings.pledges_acts import BuyBack
from chainfin.risk.valuation import NO_VALUATION, Valuation
from chainfin.rules import pledge as pledges
from chainfin.rules import undertaking as promises
from chainfin.rules.act import UNDER_WAY
from chainfin.rules.inventory import UnitPrice
from chainfin.rules.loan import Loan, LoanState, payoff
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import bank_statement, loan_book
from chainfin.services.goods import receipts, redemption
from chainfin.services.kernel import acts, in_flight, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation, attesting, remittance
from chainfin.services.payments.allocation import Payment
from chainfin.services.pledges import assets, standing_calls, undertakings
from chainfin.services.pledges.assets import PledgeableAsset
from chainfin.services.views.pledges import BuyBackPaymentView
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.calendar import Adjustment
from chainfin.values.money import Money

BUY_UNDER_WAY: Final = "buy_back_under_way"
"""Why a payment waits: what it buys isn't the buyer's yet."""


def hold_reason(session: Session, ctx: Context, pledge_id: str) -> str | None:
    """Why an undertaker's payment can't be placed now: what is pledged is being taken or bought, and until that is
    known nobody can say what is still there; debtor or borrower may have paid in time and the bank not yet told of it;
    nobody can say what goods are worth; or nobody is there to attest it."""
    if attesting.bank(session) is None:
        return "settlement_bank_missing"
    pledge = session.get(PledgeRow, pledge_id)
    if pledge is None:
        return None
    if _open_acts(session, pledge_id):
        return BUY_UNDER_WAY
    lapsed = pledge.expires_at is not None and pledge.expires_at < ctx.clock.now()
    if pledge.status == pledges.State.ACTIVE and not pledge.drawn and not lapsed:
        return "pledge_not_drawn"  # on chain there is no debt to buy it from yet
    unclear = _unclear(session, ctx, pledge)
    if unclear is not None:
        return unclear
    if pledge.asset_kind == "receivable":
        due_date = session.get_one(ReceivableRow, pledge.asset_id).due_date
        due = ctx.calendar.adjust(due_date, Adjustment.FOLLOWING)
        if due < ctx.clock.today() and not bank_statement.covers(session, due):
            return "bank_statement_missing"
        if ctx.clock.chain_day() <= due_date < ctx.clock.today():
            return "not_yet_due"  # by the contract's days, which are those of UTC
    return "transfer_under_way" if in_flight.under_way(session, [pledge.asset_id]) else None


def _unclear(session: Session, ctx: Context, pledge: PledgeRow) -> str | None:
    """Why nobody can tell whether the pledge's goods may be bought now (bank_statement_missing: they may because their
    loan is late, and the bank may still tell of a payment in time), or what they cost (price_missing, price_stale).
    None where nobody has still to buy them: then the money goes back."""
    if pledge.loan_id is None or not assets.KINDS[pledge.asset_kind].priced:
        return None
    row = session.get_one(LoanRow, pledge.loan_id)
    if row.status not in ACCRUING:
        return None
    open_ = select(UndertakingRow).where(
        UndertakingRow.pledge_id == pledge.id,
        UndertakingRow.left > 0,
        UndertakingRow.until >= ctx.clock.chain_day(),
    )
    loan = loan_book.as_of(session, ctx, row, ctx.clock.today())
    late = _late(session, loan)
    # an escalated call has waited for the bank's statement of its own day
    known = standing_calls.escalated(session, loan.id) is not None or bank_statement.covers(session, loan.unpaid_since)
    for promise in session.exec(open_).all():
        agreed = undertakings.agreed(session, promise)
        if promises.may_buy_goods(late=late, agreed=agreed) is not None:
            continue
        if not agreed and not known:
            return "bank_statement_missing"
        if _agreed_price(session, promise) is None:
            try:
                redemption.price_of(session, pledge, row.currency, ctx.clock.today())
            except Refused as blind:
                return blind.code
    return None


def act_of(session: Session, incoming_id: str) -> ActRow | None:
    """The newest act by which the payment buys something."""
    made = select(ActRow).where(
        ActRow.function == BuyBack.FUNCTION, col(ActRow.extra)["incoming_id"].as_string() == incoming_id
    )
    return session.exec(made.order_by(col(ActRow.id).desc()).limit(1)).first()


def is_open(act: ActRow) -> bool:
    """Whether the act may still become final."""
    return act.status in UNDER_WAY


def attest(session: Session, ctx: Context, payment: Payment, pledge_id: str) -> Refusal | None:
    """Ask the bank for its word that an undertaker has paid for a part of what is pledged, or say why it hasn't.

    The undertaker is known by the account from which it pays.
    """
    if session.get(PledgeRow, pledge_id) is None:
        return Refusal("buy_back_unknown", f"there is no pledge {pledge_id}")
    pledge = assets.locked_pledge(session, pledge_id)
    promise = session.exec(
        select(UndertakingRow)
        .join(PartyRow, col(PartyRow.id) == col(UndertakingRow.buyer_id))
        .where(UndertakingRow.pledge_id == pledge_id, PartyRow.account == payment.payer_account)
    ).first()
    if promise is None or pledge.loan_id is None:
        return Refusal("buy_back_not_undertaken", "whoever paid undertook nothing over this pledge")
    bank = attesting.bank(session, but=(promise.buyer_id,))
    if bank is None:  # the only one would attest what it bought itself
        return Refusal("settlement_bank_missing", "nobody else is there to attest it")
    row = session.get_one(LoanRow, pledge.loan_id, with_for_update=True)
    if row.status not in ACCRUING or row.currency != payment.amount.currency:
        return Refusal("loan_not_payable", f"the loan is {row.status}, in {row.currency}")
    on = max(payment.received_on, row.start_date or payment.received_on)
    bought = _bought(session, ctx, pledge, promise, loan_book.as_of(session, ctx, row, on), on, payment.amount)
    if isinstance(bought, Refusal):
        return bought
    part, cost, valuation = bought
    refusal = _refused(ctx, pledge, promise, part, on)
    if refusal is not None:
        return refusal
    word = BuyBack(
        pledge_id=pledge.id,
        asset_id=pledge.asset_id,
        buyer=acts.chain_number(session.get_one(PartyRow, promise.buyer_id)),
        amount=part,
        bank_ref=payment.settlement_reference(pledge.asset_id, pledge.id),
        valuation=NO_VALUATION if valuation is None else valuation.hash,
    )
    shown = {} if valuation is None else {"valuation": valuation.to_json()}
    extra = {"cost": str(cost), **shown}
    attesting.attest(session, ctx, bank, word, subject=pledge.id, incoming_id=payment.row.id, extra=extra)
    return None


def settle(session: Session, ctx: Context, payment: Payment, act: ActRow) -> tuple[Money, str]:
    """The buyer has what it paid for. Its money serves the loan as on the day on which the bank had it; what the loan
    doesn't need is the pledgor's. Returns what is left over of the payment, and why."""
    pledge = assets.locked_pledge(session, act.subject)
    cost = Money.parse(str(act.extra["cost"]), payment.amount.currency)
    allocation.serve(session, ctx, pledge, payment, cost)
    return payment.amount - cost, "payment_above_due"


def payments(ctx: Context, pledge_id: str, buyer_id: str) -> list[BuyBackPaymentView]:
    """What an undertaker has paid to buy of a pledge, and where that money is, in the order in which it came."""
    with ctx.store.read() as session:
        account = session.get_one(PartyRow, buyer_id).account
        paid = select(IncomingRow).where(IncomingRow.payer_account == account).order_by(col(IncomingRow.sequence))
        found = [row for row in session.exec(paid).all() if _target(session, row) == pledge_id]
        return [BuyBackPaymentView.of(row) for row in found]


def _target(session: Session, row: IncomingRow) -> str | None:
    """The pledge of which a payment buys something, or is to."""
    act = act_of(session, row.id)
    if act is not None:
        return act.subject
    purpose = remittance.purpose(session, row.remittance)
    return purpose.target if isinstance(purpose, remittance.Purpose) and purpose.kind == "buy_back" else None


def _refused(ctx: Context, pledge: PledgeRow, promise: UndertakingRow, part: int, on: date) -> Refusal | None:
    """Whether the promise wasn't for ``part`` on the day on which it was paid or isn't any more (the contract goes by
    its own day), or the pledge doesn't admit it."""
    undertaking = promises.Undertaking(promise.buyer_id, promise.left, promise.until)
    kept = promises.call(undertaking, part, today=max(on, ctx.clock.chain_day()))
    admitted = pledges.buy_back(pledge_rows.value(pledge), part, by=pledge.lender_id)
    refusal = next((done for done in (kept, admitted) if isinstance(done, Refusal)), None)
    return None if refusal is None else Refusal("buy_back_not_undertaken", refusal.message, refusal.proof)


def _bought(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    promise: UndertakingRow,
    loan: Loan,
    on: date,
    offered: Money,
) -> tuple[int, Money, Valuation | None] | Refusal:
    """How much of what is pledged goes for ``offered``, what it costs, and by which price of goods."""
    asset, owed = assets.asset_of(session, pledge), payoff(loan, on)
    there = pledge.left - in_flight.leaving(session, pledge)
    most = max(0, min(promise.left, there))
    if asset.currency is not None:
        # who pays another's debt has the claim for what it paid on it, and no more (代位: subrogation)
        cost = min(offered, Money(most, asset.currency), owed)
        return _named(ctx, pledge, promise, asset, cost.minor, on) or (cost.minor, cost, None)
    refusal = promises.may_buy_goods(late=_late(session, loan), agreed=undertakings.agreed(session, promise))
    if refusal is not None:
        return refusal
    priced = _price(session, ctx, pledge, promise, owed)
    if isinstance(priced, Refusal):
        return priced
    price, valuation = priced
    each = promises.price_of_goods(price, owed, there) if there > 0 else Fraction(1)
    smallest = receipts.smallest(session.get_one(WarehouseReceiptRow, pledge.asset_id))
    part = min(most, floor(offered.minor / each / smallest) * smallest)
    whole = part == most or smallest > 1  # what buys no further piece goes back
    cost = min(offered, Money(ceil(each * part), loan.currency)) if whole else offered
    return _named(ctx, pledge, promise, asset, part, on) or (part, cost, valuation)


def _price(
    session: Session, ctx: Context, pledge: PledgeRow, promise: UndertakingRow, owed: Money
) -> tuple[UnitPrice, Valuation] | Refusal:
    """The price of a unit that the promise names, else the day's, and by what it was reckoned. Refusals: price_missing,
    price_stale."""
    agreed = _agreed_price(session, promise)
    if agreed is not None:  # by both: a price of the buyer's alone would be what it likes to pay
        terms, unit = UnitPrice(Decimal(str(agreed)), agreed.currency), assets.measure_of(session, pledge).unit
        made = Valuation.made(terms.amount, unit, terms.currency, promise.created_at.date(), "agreed", str(owed), "")
        return terms, made
    try:
        valuation = redemption.valued(session, pledge, owed, ctx.clock.today())
    except Refused as missing:  # of goods that were pledged past this service
        return Refusal(missing.code, missing.message)
    return UnitPrice(Decimal(valuation.price), owed.currency), valuation


def _agreed_price(session: Session, promise: UndertakingRow) -> Money | None:
    """The price that the undertaking names, if the pledgor has agreed to it."""
    terms = undertakings.terms_of(session, promise) if undertakings.agreed(session, promise) else None
    return None if terms is None or terms.price is None else Money(terms.price, str(terms.currency))


def _named(
    ctx: Context, pledge: PledgeRow, promise: UndertakingRow, asset: PledgeableAsset, part: int, on: date
) -> Refusal | None:
    """Why the asset doesn't let that part go."""
    if part <= 0 or pledge.id not in asset.named:
        return None
    ids = {"pledge_id": pledge.id, "child_id": "", "buyer": promise.buyer_id}
    done = asset.buy_back(part, **ids, today=min(on, ctx.clock.chain_day()))
    return done if isinstance(done, Refusal) else None


def _late(session: Session, loan: Loan) -> bool:
    return loan.state is LoanState.OVERDUE or standing_calls.escalated(session, loan.id) is not None


def _open_acts(session: Session, pledge_id: str) -> bool:
    """Whether a part of the pledge is being bought: who comes next learns then what is left."""
    made = select(ActRow.id).where(
        ActRow.subject == pledge_id,
        ActRow.function == BuyBack.FUNCTION,
        col(ActRow.status).in_(UNDER_WAY),
    )
    return session.exec(made.limit(1)).first() is not None
