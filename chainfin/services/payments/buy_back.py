"""Buy-back (回购): whoever undertook it pays the lender, the bank attests it, and what was pledged is its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import ceil, floor

from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused
from chainfin.eth.bindings.pledges_acts import BuyBack
from chainfin.risk.valuation import NO_VALUATION, Valuation
from chainfin.rules import pledge as pledges
from chainfin.rules import undertaking as promises
from chainfin.rules.inventory import UnitPrice
from chainfin.rules.loan import Kind, Loan, LoanState, payoff
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import bank_statement, loan_book
from chainfin.services.goods import redemption
from chainfin.services.kernel import acts, in_flight, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation, attesting, payouts
from chainfin.services.payments.allocation import Payment
from chainfin.services.pledges import assets, release
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow, UndertakingRow
from chainfin.values.calendar import Adjustment, adjust
from chainfin.values.money import Money


def hold_reason(session: Session, ctx: Context, pledge_id: str) -> str | None:
    """Why an undertaker's payment can't be placed now: its lender is taking what is pledged, and until that is known
    nobody can say whether it is still there to be bought; the debtor may have paid in time and the bank not yet told of
    it; nobody can say what goods are worth; or nobody is there to attest it."""
    if attesting.bank(session) is None:
        return "settlement_bank_missing"
    pledge = session.get(PledgeRow, pledge_id)
    blind = _without_price(session, ctx, pledge)
    if blind is not None:
        return blind
    if pledge is not None and pledge.asset_kind == "receivable":
        due_date = session.get_one(ReceivableRow, pledge.asset_id).due_date
        due, told = adjust(due_date, Adjustment.FOLLOWING), bank_statement.through(session)
        if due < ctx.clock.today() and (told is None or told < due):
            return "bank_statement_missing"
        if ctx.clock.chain_day() <= due_date < ctx.clock.today():
            return "not_yet_due"  # by the contract's days, which are those of UTC
    return "transfer_under_way" if pledge is not None and in_flight.under_way(session, [pledge.asset_id]) else None


def _without_price(session: Session, ctx: Context, pledge: PledgeRow | None) -> str | None:
    """Why nobody can tell what the pledge's goods cost now (price_missing, price_stale). None where nobody has still
    to buy them: then the money goes back, and needs no price."""
    if pledge is None or pledge.loan_id is None or not assets.KINDS[pledge.asset_kind].priced:
        return None
    promises = select(UndertakingRow.buyer_id).where(
        UndertakingRow.pledge_id == pledge.id,
        UndertakingRow.left > 0,
        UndertakingRow.until >= ctx.clock.chain_day(),
    )
    if session.exec(promises.limit(1)).first() is None:
        return None
    currency = session.get_one(LoanRow, pledge.loan_id).currency
    try:
        redemption.price_of(session, pledge, currency, ctx.clock.today())
    except Refused as blind:
        return blind.code
    return None


def for_buy_back(session: Session, ctx: Context, payment: Payment, pledge_id: str) -> tuple[Money, str]:
    """What is left over of an undertaker's payment, and why. The rest serves the loan; the bank attests what it bought.

    The undertaker is known by the account from which it pays.
    """
    if session.get(PledgeRow, pledge_id) is None:
        return payment.amount, "buy_back_unknown"
    pledge = assets.locked_pledge(session, pledge_id)
    promise = session.exec(
        select(UndertakingRow)
        .join(PartyRow, col(PartyRow.id) == col(UndertakingRow.buyer_id))
        .where(UndertakingRow.pledge_id == pledge_id, PartyRow.account == payment.payer_account)
    ).first()
    if promise is None or pledge.loan_id is None:
        return payment.amount, "buy_back_not_undertaken"
    if attesting.bank(session, but=(promise.buyer_id,)) is None:
        return payment.amount, "settlement_bank_missing"  # the only one would attest what it bought itself
    row, loan = loan_book.load(session, str(pledge.loan_id), lock=True)
    if loan.state not in ACCRUING or row.currency != payment.amount.currency:
        return payment.amount, "loan_not_payable"
    on = max(payment.received_on, row.start_date or payment.received_on)
    loan = loan_book.as_of(session, row, on)
    most = min(promise.left - _under_way(session, promise), pledge.left - in_flight.leaving(session, pledge))
    bought = _price(session, ctx, pledge, promise, most, loan, on, payment.amount)
    if isinstance(bought, Refusal):
        return payment.amount, bought.code
    part, cost, valuation = bought
    if _refused(session, ctx, pledge, promise, part, on):
        return payment.amount, "buy_back_not_undertaken"
    _attest(session, ctx, pledge, promise, part, payment, valuation)
    paid = allocation.pay(session, ctx, row, Kind.PAY_DEBTOR, payment, cost, pledge.pledgor_id)
    allocation.after_payment(session, ctx, row, paid, settled=[pledge.id])
    if paid.loan.state is LoanState.REPAID:
        release.ask(session, ctx, pledge)
    if paid.allocation.remainder.minor:
        payouts.to_pledgor(session, ctx, pledge, paid.allocation.remainder, payment.row.id)
    return payment.amount - cost, "payment_above_due"


def _refused(session: Session, ctx: Context, pledge: PledgeRow, promise: UndertakingRow, part: int, on: date) -> bool:
    """Whether the promise wasn't for ``part`` on the day on which it was paid or isn't any more (acts under way
    counted; the contract goes by its own day), or the pledge doesn't admit it."""
    left = promise.left - _under_way(session, promise)
    undertaking = promises.Undertaking(promise.buyer_id, left, promise.until)
    kept = promises.call(undertaking, part, today=max(on, ctx.clock.chain_day()))
    return any(
        isinstance(done, Refusal)
        for done in (kept, pledges.buy_back(pledge_rows.value(pledge), part, by=pledge.lender_id))
    )


def _price(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    promise: UndertakingRow,
    most: int,
    loan: Loan,
    on: date,
    offered: Money,
) -> tuple[int, Money, Valuation | None] | Refusal:
    """How much of what is pledged goes for ``offered``, at ``most`` as much as given, what it costs, and by which price
    of goods."""
    asset, valuation = assets.asset_of(session, pledge), None
    if asset.currency is not None:
        # who pays another's debt has the claim for what it paid on it, and no more (代位: subrogation)
        cost = min(offered, Money(max(0, most), asset.currency), payoff(loan, on))
        part = cost.minor
    else:
        try:
            valuation = redemption.valued(session, pledge, payoff(loan, on), ctx.clock.today())
        except Refused as missing:  # of goods that were pledged past this service
            return Refusal(missing.code, missing.message)
        price = UnitPrice(Decimal(valuation.price), loan.currency).minor_per_thousandth()
        part = min(most, floor(offered.minor / price))
        whole = Money(ceil(price * max(0, part)), loan.currency)
        cost = min(offered, whole) if part == most else offered
    if part > 0 and pledge.id in asset.named:
        ids = {"pledge_id": pledge.id, "child_id": "", "buyer": promise.buyer_id}
        done = asset.buy_back(part, **ids, today=min(on, ctx.clock.chain_day()))
        if isinstance(done, Refusal):
            return done
    return part, cost, valuation


def _under_way(session: Session, promise: UndertakingRow) -> int:
    """What this undertaker buys by acts that aren't final yet."""
    buyer = session.get_one(PartyRow, promise.buyer_id).chain_party
    waiting = session.exec(
        select(ActRow).where(
            ActRow.subject == promise.pledge_id,
            ActRow.function == BuyBack.FUNCTION,
            col(ActRow.status).in_(("awaiting_signature", "signed")),
        )
    ).all()
    bought = [BuyBack.from_params(act.params) for act in waiting]
    return sum(act.amount for act in bought if act.buyer == buyer)


def _attest(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    promise: UndertakingRow,
    part: int,
    payment: Payment,
    valuation: Valuation | None,
) -> None:
    act = BuyBack(
        pledge_id=pledge.id,
        asset_id=pledge.asset_id,
        buyer=acts.chain_number(session.get_one(PartyRow, promise.buyer_id)),
        amount=part,
        bank_ref=payment.settlement_reference(pledge.asset_id, pledge.id),
        valuation=NO_VALUATION if valuation is None else valuation.hash,
    )
    bank = attesting.bank(session, but=(promise.buyer_id,))
    extra = {} if valuation is None else {"valuation": valuation.to_json()}
    attesting.attest(session, ctx, bank, act, subject=pledge.id, incoming_id=payment.row.id, extra=extra)
