"""A core enterprise undertakes to buy pledged goods back (保兑仓), and does so by paying the lender.

The goods go at the newest price: whoever pays less than that price for all that it undertook buys as much less.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil, floor

from eth_hash.auto import keccak
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, NotFound, Refused
from chainfin.loan import LoanState, Paid
from chainfin.loan.state import ACCRUING
from chainfin.money import Money
from chainfin.party import Role
from chainfin.services import acts, funding, goods, loanbook, payouts, placing, warehouse
from chainfin.services.context import Actor, Context
from chainfin.services.placing import Arrival
from chainfin.services.receivables import day_number
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, UndertakingRow, WarehouseReceiptRow


@dataclass(frozen=True, slots=True)
class Undertaken:
    """An undertaking, and the unit of its goods."""

    row: UndertakingRow
    unit: str


def undertake(ctx: Context, actor: Actor, pledge_id: str, quantity: Decimal, until: date, wording: str) -> ActRow:
    """A core enterprise undertakes to buy up to ``quantity`` of the pledged goods, if called by ``until``; a hash of
    the wording goes on chain. Whoever knows the pledge's (unguessable) id was told it by its parties.

    Raises Forbidden role_missing; NotFound pledge_unknown; BadInput quantity_…, until_past; Refused not_over_goods,
    pledge_state_wrong, exceeds_pledged, undertaking_exists.
    """
    buyer_id = actor.require(Role.CORE)
    amount = warehouse.thousandths(quantity)
    if until < ctx.clock.today():
        raise BadInput("until_past", f"{until} is past", where="/until")
    with ctx.store.begin() as session:
        if session.get(PledgeRow, pledge_id) is None:
            raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
        pledge = funding.locked_pledge(session, pledge_id)
        if pledge.asset_kind != "warehouse_receipt":
            raise Refused("not_over_goods", "only pledged goods can be bought back", pledge=pledge.id)
        if pledge.status != "active":
            raise Refused("pledge_state_wrong", f"the pledge is {pledge.status}", status=pledge.status)
        if amount > pledge.left:
            raise Refused("exceeds_pledged", "more than is still pledged", pledge=pledge.id)
        if session.get(UndertakingRow, (pledge_id, buyer_id)) is not None:
            raise Refused("undertaking_exists", "you undertook it before", pledge=pledge.id)
        return acts.prepare(
            session,
            ctx,
            party=acts.active_party(session, buyer_id),
            contract="Pledges",
            function="undertake",
            params={
                "pledgeId": pledge.id,
                "amount": amount,
                "untilDay": day_number(until),
                "documentRoot": "0x" + keccak(wording.encode()).hex(),
            },
            subject=pledge.id,
        )


def of_pledge(ctx: Context, actor: Actor, pledge_id: str) -> list[Undertaken]:
    """For the pledge's parties all, for who undertook its own. Raises NotFound pledge_unknown."""
    with ctx.store.read() as session:
        pledge = session.get(PledgeRow, pledge_id)
        rows = session.exec(select(UndertakingRow).where(UndertakingRow.pledge_id == pledge_id)).all()
        if pledge is not None:
            receipt = session.get(WarehouseReceiptRow, pledge.asset_id)
            unit = "" if receipt is None else receipt.unit
            if actor.sees_all or actor.party_id in (pledge.lender_id, pledge.pledgor_id):
                return [Undertaken(row, unit) for row in rows]
            own = [Undertaken(row, unit) for row in rows if row.buyer_id == actor.party_id]
            if own:
                return own
    raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")


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
    own, all_ = _under_way(session, pledge.id, session.get_one(PartyRow, promise.buyer_id).chain_party)
    most = min(promise.left - own, pledge.left - all_)
    try:
        price = goods.price_of(session, pledge, row.currency).minor_per_thousandth()
    except Refused as missing:  # of goods that were pledged past this service
        return arrival.amount, missing.code
    quantity = min(most, floor(arrival.amount.minor / price))
    if quantity <= 0:
        return arrival.amount, "buy_back_not_undertaken"
    cost = arrival.amount
    if quantity == most:
        cost = min(cost, Money(ceil(price * quantity), row.currency))
    on = max(arrival.received_on, loan.accrued_to)
    paid = placing.pay(session, ctx, row, "pay_debtor", cost, on, arrival.bank_ref, pledge.pledgor_id)
    assert isinstance(paid, Paid), "it is never above due: the rest is the pledgor's"
    placing.after_payment(session, ctx, row, paid, settled=[pledge.id])
    if paid.loan.state is LoanState.REPAID:
        funding.release(session, ctx, pledge, pledge.left - all_ - quantity)
    if paid.allocation.remainder.minor:
        payouts.to_pledgor(session, ctx, pledge, paid.allocation.remainder, arrival.bank_ref)
    _attest(session, ctx, pledge, promise, quantity, arrival)
    return arrival.amount - cost, "payment_above_due"


def _under_way(session: Session, pledge_id: str, buyer: int | None) -> tuple[int, int]:
    """What is bought by acts that aren't final yet: by this buyer, and by all."""
    waiting = session.exec(
        select(ActRow).where(
            ActRow.subject == pledge_id,
            ActRow.function == "buyBack",
            col(ActRow.status).in_(("awaiting_signature", "signed")),
        )
    ).all()
    amounts = [(act.params["buyer"] == buyer, int(str(act.params["amount"]))) for act in waiting]
    return sum(amount for own, amount in amounts if own), sum(amount for _, amount in amounts)


def _attest(
    session: Session, ctx: Context, pledge: PledgeRow, promise: UndertakingRow, quantity: int, arrival: Arrival
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
            "amount": quantity,
            "bankRef": reference,
        },
        subject=pledge.id,
        extra={"bank_ref": arrival.bank_ref},
    )
