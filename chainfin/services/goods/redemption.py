"""How much of pledged goods may go as a loan is paid down, and whether a price calls for more."""

from __future__ import annotations

from decimal import Decimal

from sqlmodel import Session, select

from chainfin.rules.inventory import UnitPrice
from chainfin.rules.inventory import releasable as may_go
from chainfin.rules.loan import Loan
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import LoanRow, OfferRow
from chainfin.storage.trade_tables import PledgeRow, PriceRow, WarehouseReceiptRow
from chainfin.values.money import BasisPoints, Money


def releasable(session: Session, ctx: Context, pledge: PledgeRow, loan: Loan) -> int:
    """Thousandths of the pledged goods that what is left of the loan no longer needs, at the offer's loan-to-value and
    the latest price; rounded so that the lender stays covered."""
    row = session.get_one(LoanRow, pledge.loan_id)
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.application_id)).one()
    rate = Decimal(str(offer.terms["advance_rate"]))
    price = price_of(session, pledge, row.currency)
    return may_go(pledge.left, loan.dues.total, price, BasisPoints(int(rate * 10_000)))


def price_of(session: Session, pledge: PledgeRow, currency: str) -> UnitPrice:
    """The price that counts for the pledge's lender, however old it is. Raises Refused price_missing."""
    receipt = session.get_one(WarehouseReceiptRow, pledge.asset_id)
    commodity = str(receipt.goods["commodity"])
    return unit_price(receipts.latest_price(session, pledge.lender_id, commodity, receipt.unit, currency))


def unit_price(price: PriceRow) -> UnitPrice:
    """A stored price as the rules reckon with it."""
    return UnitPrice(Decimal(str(Money(price.minor_per_unit, price.currency))), price.currency)
