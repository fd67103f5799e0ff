"""Whether a loan that was approved would still be approved today: checked when the offer is accepted, and again before
the money is paid out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlmodel import Session, select

from chainfin.errors import Refusal, Refused
from chainfin.risk.record import DecisionRecord
from chainfin.risk.replay import with_facts
from chainfin.rules import inventory
from chainfin.services.goods import care, receipts
from chainfin.services.kernel.context import Context
from chainfin.services.lending import decision_inputs, lateness
from chainfin.services.pledges import promises, standing_calls
from chainfin.storage.lending_tables import ApplicationRow, OfferRow
from chainfin.storage.pledge_tables import BuyBackPromiseRow
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.values.money import BasisPoints, Money


def unless_still(session: Session, ctx: Context, application: ApplicationRow) -> Refusal | None:
    """Why today's facts would no longer allow the loan that was decided earlier: borrower or debtor are now so late, or
    the goods' price has fallen so far, that the same policy refuses; the collateral no longer covers the loan; or a
    margin call of the same lender on the borrower's goods is open.

    Refusals: those of the policy (borrower_overdue, debtor_overdue, price_falling …), price_missing, price_stale,
    collateral_short, margin_call_open, buy_back_withdrawn, count_under_way, inspection_overdue,
    insurance_ends.
    """
    record = DecisionRecord.parse(str(application.record).encode())
    inputs = record.as_dict()["inputs"]
    facts: dict[str, dict[str, object]] = {
        role: {"overdue_days": lateness.days_late(session, ctx, str(inputs[role]["party"]), ctx.clock.today())}
        for role in ("borrower", "debtor")
        if role in inputs
    }
    promise_id = counted_promise(application)
    if promise_id is not None:
        promise = session.get(BuyBackPromiseRow, promise_id)
        gone = promises.unless_standing(session, promise, _maturity(session, application))
        if gone is not None:
            return gone
    if "price" in inputs:
        called = standing_calls.unless_called(session, application.lender_id, application.borrower_id)
        receipt = session.get_one(WarehouseReceiptRow, application.asset_id)
        against = called or care.unless_cared(session, receipt, ctx.clock.today(), _maturity(session, application))
        if against is not None:
            return against
        try:
            found = _priced(session, application, ctx.clock.today())
        except Refused as blind:
            return Refusal(blind.code, blind.message)
        if isinstance(found, Refusal):
            return found
        facts["price"] = found
    refusals = with_facts(record, facts).outcome.refusals
    return refusals[0] if refusals else None


def _maturity(session: Session, application: ApplicationRow) -> date:
    """The day on which the offered loan would be due."""
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == application.id)).one()
    return date.fromisoformat(str(offer.terms["maturity"]))


def counted_promise(application: ApplicationRow) -> str | None:
    """The promise to buy goods back on which the decision rests; None: on none."""
    found = DecisionRecord.parse(str(application.record).encode()).as_dict()["inputs"].get("buy_back")
    return None if found is None else found.get("promise")


def _priced(session: Session, application: ApplicationRow, on: date) -> dict[str, object] | Refusal:
    """What is known of the price now; or that the goods of the offer are worth too little by it."""
    receipt = session.get_one(WarehouseReceiptRow, application.asset_id)
    price = receipts.fresh_price(session, application.lender_id, receipt, application.currency, on)
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == application.id)).one()
    lent, unit = Money(offer.amount, application.currency), receipts.unit_price(price)
    rate = BasisPoints(int(Decimal(str(offer.terms["advance_rate"])) * inventory.FULL))
    if inventory.quantity_to_cover(lent, unit, rate) > offer.pledge_amount:
        message = f"at {unit.amount} a unit what was to be pledged no longer carries {lent}"
        return Refusal("collateral_short", message, {"pledged": offer.pledge_amount, "lent": str(lent)})
    return decision_inputs.price_facts(session, price, on)
