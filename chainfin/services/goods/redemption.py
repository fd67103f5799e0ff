"""How much of pledged goods may go as a loan is paid down, by the newest price, and by what that was reckoned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlmodel import Session, select

from chainfin.risk.valuation import Valuation
from chainfin.rules.inventory import UnitPrice
from chainfin.rules.inventory import releasable as may_go
from chainfin.services.goods import receipts
from chainfin.storage.lending_tables import LoanRow, OfferRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.values.money import BasisPoints, Money


def releasable(session: Session, pledge: PledgeRow, there: int, owed: Money, today: date) -> tuple[int, Valuation]:
    """Thousandths of the ``there`` that are pledged and promised to nobody which what is ``owed`` on the loan no longer
    needs, at the offer's loan-to-value; rounded so that the lender stays covered. Raises Refused price_missing,
    price_stale."""
    valuation = valued(session, pledge, owed, today)
    rate = BasisPoints(int(Decimal(valuation.ltv) * 10_000))
    part = may_go(there, owed, UnitPrice(Decimal(valuation.price), owed.currency), rate)
    smallest = receipts.smallest(session.get_one(WarehouseReceiptRow, pledge.asset_id))
    return part - part % smallest, valuation


def valued(session: Session, pledge: PledgeRow, owed: Money, today: date) -> Valuation:
    """What counts for a quantity of the pledge's goods now. Raises Refused price_missing, price_stale."""
    row = session.get_one(LoanRow, pledge.loan_id)
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.application_id)).one()
    price = price_of(session, pledge, owed.currency, today)
    rate, of = offer.terms["advance_rate"], receipts.unit_price(price)
    ltv = "" if rate is None else str(rate)
    return Valuation.made(of.amount, price.unit, of.currency, price.as_of, price.source, str(owed), ltv)


def price_of(session: Session, pledge: PledgeRow, currency: str, today: date) -> PriceRow:
    """The price that counts for the pledge's lender. Raises Refused price_missing, price_stale."""
    receipt = session.get_one(WarehouseReceiptRow, pledge.asset_id)
    return receipts.fresh_price(session, pledge.lender_id, receipt, currency, today)
