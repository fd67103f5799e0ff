"""Buy-back (回购): whoever undertook it pays the lender, the bank attests it, and what was pledged is its own."""

from __future__ import annotations

from datetime import date
from math import ceil, floor

from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused
from chainfin.eth.bindings.pledges_acts import BuyBack
from chainfin.hashing import keccak
from chainfin.rules import receivable as rules
from chainfin.rules.loan import Kind, Loan, LoanState, payoff
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import bank_statement, loan_book
from chainfin.services.goods import redemption
from chainfin.services.kernel import acts, in_flight
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation, payouts
from chainfin.services.payments.allocation import Arrival
from chainfin.services.pledges import assets, release
from chainfin.services.trade import receivables
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow, UndertakingRow
from chainfin.values.calendar import Adjustment, adjust
from chainfin.values.money import Money


def hold_reason(session: Session, ctx: Context, pledge_id: str) -> str | None:
    """Why an undertaker's payment can't be placed now: its lender is taking what is pledged, and until that is known
    nobody can say whether it is still there to be bought; the debtor may have paid in time and the bank not yet told of
    it; or nobody is there to attest it."""
    if allocation.bank(session) is None:
        return "settlement_bank_missing"
    pledge = session.get(PledgeRow, pledge_id)
    if pledge is not None and pledge.asset_kind == "receivable":
        due = adjust(session.get_one(ReceivableRow, pledge.asset_id).due_date, Adjustment.FOLLOWING)
        told = bank_statement.through(session)
        if due < ctx.clock.today() and (told is None or told < due):
            return "bank_statement_missing"
    return "transfer_under_way" if pledge is not None and in_flight.under_way(session, [pledge.asset_id]) else None


def for_buy_back(session: Session, ctx: Context, arrival: Arrival, pledge_id: str) -> tuple[Money, str]:
    """What is left over of an undertaker's payment, and why. The rest serves the loan; the bank attests what it bought.

    The undertaker is known by the account from which it pays.
    """
    if session.get(PledgeRow, pledge_id) is None:
        return arrival.amount, "buy_back_unknown"
    pledge = assets.locked_pledge(session, pledge_id)
    promise = session.exec(
        select(UndertakingRow)
        .join(PartyRow, col(PartyRow.id) == col(UndertakingRow.buyer_id))
        .where(UndertakingRow.pledge_id == pledge_id, PartyRow.account == arrival.payer_account)
    ).first()
    live = pledge.status == "active" and pledge.drawn and pledge.loan_id is not None
    if promise is None or not live or promise.until < arrival.received_on:
        return arrival.amount, "buy_back_not_undertaken"
    row, loan = loan_book.load(session, str(pledge.loan_id), lock=True)
    if loan.state not in ACCRUING or row.currency != arrival.amount.currency:
        return arrival.amount, "loan_not_payable"
    on = max(arrival.received_on, row.start_date or arrival.received_on)
    loan = loan_book.as_of(session, row, on)
    claimed = in_flight.attested(session, pledge.asset_id).get(pledge.id, 0) + in_flight.replaced(session, pledge.id)
    most = min(promise.left - _under_way(session, promise), pledge.left - claimed)
    bought = _price(session, ctx, pledge, promise, most, loan, on, arrival.amount)
    if isinstance(bought, Refusal):
        return arrival.amount, bought.code
    part, cost = bought
    if part <= 0:
        return arrival.amount, "buy_back_not_undertaken"
    paid = allocation.pay(session, ctx, row, Kind.PAY_DEBTOR, arrival, cost, pledge.pledgor_id)
    allocation.after_payment(session, ctx, row, paid, settled=[pledge.id])
    if paid.loan.state is LoanState.REPAID:
        release.release(session, ctx, pledge, pledge.left - claimed - part)
    if paid.allocation.remainder.minor:
        payouts.to_pledgor(session, ctx, pledge, paid.allocation.remainder, arrival.bank_ref)
    _attest(session, ctx, pledge, promise, part, arrival)
    return arrival.amount - cost, "payment_above_due"


def _price(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    promise: UndertakingRow,
    most: int,
    loan: Loan,
    on: date,
    offered: Money,
) -> tuple[int, Money] | Refusal:
    """How much of what is pledged goes for ``offered``, at ``most`` as much as given, and what it costs."""
    asset = assets.asset_of(session, pledge)
    if isinstance(asset, ReceivableRow):
        # who pays another's debt has the claim for what it paid on it, and no more (代位: subrogation)
        cost = min(offered, Money(max(0, most), asset.currency), payoff(loan, on))
        value = receivables.as_value(session, asset)
        if cost.minor:
            done = rules.buy_back(value, cost, pledge_id=pledge.id, child_id="", buyer=promise.buyer_id, today=on)
            if isinstance(done, Refusal):
                return done
        return cost.minor, cost
    try:
        price = redemption.price_of(session, pledge, loan.currency).minor_per_thousandth()
    except Refused as missing:  # of goods that were pledged past this service
        return Refusal(missing.code, missing.message)
    quantity = min(most, floor(offered.minor / price))
    whole = Money(ceil(price * quantity), loan.currency)
    return quantity, min(offered, whole) if quantity == most else offered


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
    session: Session, ctx: Context, pledge: PledgeRow, promise: UndertakingRow, part: int, arrival: Arrival
) -> None:
    bank = allocation.bank(session)
    assert bank is not None, "a payment that nobody can attest waits"
    reference = "0x" + keccak(f"{arrival.bank_ref}:{pledge.asset_id}:{pledge.id}".encode()).hex()
    acts.prepare(
        session,
        ctx,
        party=bank,
        act=BuyBack(
            pledge_id=pledge.id,
            asset_id=pledge.asset_id,
            buyer=acts.chain_number(session.get_one(PartyRow, promise.buyer_id)),
            amount=part,
            bank_ref=reference,
        ),
        subject=pledge.id,
        extra={"bank_ref": arrival.bank_ref},
    )
