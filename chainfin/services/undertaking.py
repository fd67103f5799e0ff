"""Undertakings over a pledge, and how they are kept: the undertaker pays the lender and has what was pledged.

Of goods a core enterprise undertakes to buy what isn't redeemed (保兑仓); they go at the newest price: whoever pays
less than that price for all that it undertook buys as much less. For a receivable whoever gives recourse (有追索权)
undertakes to pay what its debtor doesn't, once it is overdue: of the claim it has as much as it paid on the loan, and
no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import ceil, floor

from eth_hash.auto import keccak
from sqlmodel import Session, col, select

from chainfin import receivable as rules
from chainfin import undertaking as promises
from chainfin.errors import BadInput, NotFound, Refusal, Refused
from chainfin.loan import Loan, LoanState, Paid, payoff
from chainfin.loan.state import ACCRUING
from chainfin.money import Money
from chainfin.party import Kind, Role
from chainfin.services import (
    acts,
    entering,
    funding,
    goods,
    loanbook,
    moving,
    payouts,
    placing,
    pledging,
    receivables,
    trade,
)
from chainfin.services.context import Actor, Context
from chainfin.services.placing import Arrival
from chainfin.services.receivables import day_number
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow, UndertakingRow, WarehouseReceiptRow


@dataclass(frozen=True, slots=True)
class Undertaken:
    """An undertaking over ``goods`` or a receivable, and in what it counts: their unit, or its currency."""

    row: UndertakingRow
    unit: str
    goods: bool


def undertake(ctx: Context, actor: Actor, pledge_id: str, amount: str, until: date, wording: str) -> ActRow:
    """A party undertakes to buy up to ``amount`` (a decimal: of the currency, or of the goods' unit) of what is
    pledged, if called by ``until``; a hash of the wording goes on chain. Goods are undertaken by core enterprises
    alone. Whoever knows the pledge's (unguessable) id was told it by its parties.

    Raises Forbidden role_missing; NotFound pledge_unknown; BadInput amount_…, quantity_…, until_past,
    until_not_after_due; Refused transfer_to_debtor, pledge_state_wrong, exceeds_pledged, undertaking_exists.
    """
    buyer_id, today = actor.require(), ctx.clock.today()
    if until < today:
        raise BadInput("until_past", f"{until} is past", where="/until")
    with ctx.store.begin() as session:
        if session.get(PledgeRow, pledge_id) is None:
            raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
        pledge = funding.locked_pledge(session, pledge_id)
        asset = funding.asset_of(session, pledge)
        if isinstance(asset, ReceivableRow):
            _unless_never_called(asset, buyer_id, until)
        else:
            actor.require(Role.CORE)
        if pledge.status != "active":
            raise Refused("pledge_state_wrong", f"the pledge is {pledge.status}", status=pledge.status)
        part = pledging.measured(session, pledge, amount)
        row = session.get(UndertakingRow, (pledge_id, buyer_id))
        before = None if row is None else promises.Undertaking(row.buyer_id, row.left, row.until)
        trade.unless_refused(
            promises.undertake(part, buyer=buyer_id, pledged=pledge.left, until=until, today=today, before=before)
        )
        return acts.prepare(
            session,
            ctx,
            party=entering.enter(session, buyer_id, Kind.PLEDGE),
            contract="Pledges",
            function="undertake",
            params={
                "pledgeId": pledge.id,
                "amount": part,
                "untilDay": day_number(until),
                "documentRoot": "0x" + keccak(wording.encode()).hex(),
            },
            subject=pledge.id,
        )


def _unless_never_called(asset: ReceivableRow, buyer_id: str, until: date) -> None:
    """An undertaking over a receivable that could never be kept is none. Raises Refused transfer_to_debtor; BadInput
    until_not_after_due."""
    if buyer_id == asset.debtor_id:
        raise Refused("transfer_to_debtor", "you owe it: you pay it, and nobody is its own creditor", id=asset.id)
    if until <= asset.due_date:
        due = f"the receivable is due on {asset.due_date}, and is bought back only when it is overdue"
        raise BadInput("until_not_after_due", due, where="/until")


def of_pledge(ctx: Context, actor: Actor, pledge_id: str) -> list[Undertaken]:
    """For the pledge's parties all, for who undertook its own. Raises NotFound pledge_unknown."""
    with ctx.store.read() as session:
        pledge = session.get(PledgeRow, pledge_id)
        rows = session.exec(select(UndertakingRow).where(UndertakingRow.pledge_id == pledge_id)).all()
        if pledge is not None:
            over_goods = pledge.asset_kind == "warehouse_receipt"
            unit = (
                session.get_one(WarehouseReceiptRow, pledge.asset_id).unit
                if over_goods
                else session.get_one(ReceivableRow, pledge.asset_id).currency
            )
            seen = [Undertaken(row, unit, over_goods) for row in rows]
            if actor.sees_all or actor.party_id in (pledge.lender_id, pledge.pledgor_id):
                return seen
            own = [each for each in seen if each.row.buyer_id == actor.party_id]
            if own:
                return own
    raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")


def hindrance(session: Session, pledge_id: str) -> str | None:
    """Why an undertaker's payment can't be placed now: its lender is taking what is pledged, and until that is known
    nobody can say whether it is still there to be bought; or nobody is there to attest it."""
    if placing.bank(session) is None:
        return "settlement_bank_missing"
    pledge = session.get(PledgeRow, pledge_id)
    return "transfer_under_way" if pledge is not None and moving.under_way(session, [pledge.asset_id]) else None


def for_buy_back(session: Session, ctx: Context, arrival: Arrival, pledge_id: str) -> tuple[Money, str]:
    """What is left over of an undertaker's payment, and why. The rest serves the loan; the bank attests what it bought.

    The undertaker is known by the account from which it pays.
    """
    if session.get(PledgeRow, pledge_id) is None:
        return arrival.amount, "buy_back_unknown"
    pledge = funding.locked_pledge(session, pledge_id)
    promise = session.exec(
        select(UndertakingRow)
        .join(PartyRow, col(PartyRow.id) == col(UndertakingRow.buyer_id))
        .where(UndertakingRow.pledge_id == pledge_id, PartyRow.account == arrival.payer_account)
    ).first()
    live = pledge.status == "active" and pledge.drawn and pledge.loan_id is not None
    if promise is None or not live or promise.until < ctx.clock.today():
        return arrival.amount, "buy_back_not_undertaken"
    row, loan = loanbook.load(session, str(pledge.loan_id), lock=True)
    if loan.state not in ACCRUING or row.currency != arrival.amount.currency:
        return arrival.amount, "loan_not_payable"
    on = max(arrival.received_on, loan.accrued_to)
    claimed = moving.attested(session, pledge.asset_id).get(pledge.id, 0) + moving.replaced(session, pledge.id)
    most = min(promise.left - _under_way(session, promise), pledge.left - claimed)
    bought = _price(session, ctx, pledge, promise, most, loan, on, arrival.amount)
    if isinstance(bought, Refusal):
        return arrival.amount, bought.code
    part, cost = bought
    if part <= 0:
        return arrival.amount, "buy_back_not_undertaken"
    paid = placing.pay(session, ctx, row, "pay_debtor", cost, on, arrival.bank_ref, pledge.pledgor_id)
    assert isinstance(paid, Paid), "it is never above due: the rest is the pledgor's"
    placing.after_payment(session, ctx, row, paid, settled=[pledge.id])
    if paid.loan.state is LoanState.REPAID:
        funding.release(session, ctx, pledge, pledge.left - claimed - part)
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
    asset = funding.asset_of(session, pledge)
    if isinstance(asset, ReceivableRow):
        # who pays another's debt has the claim for what it paid on it, and no more (代位: subrogation)
        cost = min(offered, Money(max(0, most), asset.currency), payoff(loan, on))
        value, today = receivables.as_value(session, asset), ctx.clock.today()
        if cost.minor:
            done = rules.buy_back(value, cost, pledge_id=pledge.id, child_id="", buyer=promise.buyer_id, today=today)
            if isinstance(done, Refusal):
                return done
        return cost.minor, cost
    try:
        price = goods.price_of(session, pledge, loan.currency).minor_per_thousandth()
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
            ActRow.function == "buyBack",
            col(ActRow.status).in_(("awaiting_signature", "signed")),
        )
    ).all()
    return sum(int(str(act.params["amount"])) for act in waiting if act.params["buyer"] == buyer)


def _attest(
    session: Session, ctx: Context, pledge: PledgeRow, promise: UndertakingRow, part: int, arrival: Arrival
) -> None:
    bank = placing.bank(session)
    assert bank is not None, "a payment that nobody can attest waits"
    reference = "0x" + keccak(f"{arrival.bank_ref}:{pledge.asset_id}:{pledge.id}".encode()).hex()
    acts.prepare(
        session,
        ctx,
        party=bank,
        contract="Pledges",
        function="buyBack",
        params={
            "pledgeId": pledge.id,
            "assetId": pledge.asset_id,
            "buyer": session.get_one(PartyRow, promise.buyer_id).chain_party,
            "amount": part,
            "bankRef": reference,
        },
        subject=pledge.id,
        extra={"bank_ref": arrival.bank_ref},
    )
