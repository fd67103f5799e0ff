"""What secures a loan: how much may be lent on what is pledged for it, at the rate at which it was granted; and what
its goods are worth, by which calls are made (`rules.margin`)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, select

from chainfin.errors import Refusal, Refused
from chainfin.risk.record import DecisionRecord
from chainfin.rules import margin
from chainfin.rules.facility import Asset, BorrowingBase, LimitKind, borrowing_base
from chainfin.rules.loan import Loan, accrue
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.pledge import LIVE, State
from chainfin.services.books import loan_book
from chainfin.services.goods import receipts
from chainfin.services.kernel import in_flight
from chainfin.services.kernel.context import Context
from chainfin.services.pledges import assets
from chainfin.storage.lending_tables import ApplicationRow, LimitRow, LoanRow, OfferRow
from chainfin.storage.pledge_tables import PledgeRow, SubstitutionRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow
from chainfin.values.money import Money
from chainfin.values.product import Product

HELD = (State.PENDING, *LIVE)


def base(
    session: Session,
    row: LoanRow,
    rate: Decimal,
    today: date,
    *,
    but: frozenset[str] = frozenset(),
) -> BorrowingBase:
    """What may be lent on the loan's live pledges: receivables at face less what is credited, goods at the newest price
    (nothing where none is fresh). What is on its way out of a pledge secures nothing any more. ``but``: pledges that
    are left out."""
    found = []
    for pledge in session.exec(
        select(PledgeRow)
        .where(PledgeRow.loan_id == row.id, PledgeRow.status == State.ACTIVE.value, col(PledgeRow.id).not_in(but))
        .order_by(col(PledgeRow.id))
    ):
        worth = Money.zero(row.currency)
        with suppress(Refused):
            stays = max(0, pledge.left - in_flight.leaving(session, pledge))
            worth = assets.KINDS[pledge.asset_kind].worth(session, pledge, stays, row.currency, today)
        found.append(Asset(pledge.id, pledge.asset_id, worth, rate))
    return borrowing_base(found, row.currency)


def advance_rate(session: Session, row: LoanRow) -> Decimal | None:
    """The share of what is pledged that was lent on it, from 0 to 1; None of a loan without security."""
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.application_id)).one()
    rate = offer.terms["advance_rate"]
    return None if rate is None else Decimal(str(rate))


def margin_terms(application: ApplicationRow) -> margin.Terms | None:
    """The margin terms of a loan on goods; None for any other loan."""
    if application.product != Product.INVENTORY_PLEDGE:
        return None
    rates = DecisionRecord.parse(str(application.record).encode()).outcome
    assert rates.advance_rate is not None, "an approval on goods has its rates"
    assert rates.margin_call_rate is not None, "an approval on goods has its rates"
    return margin.Terms.of(
        advance_rate=rates.advance_rate,
        margin_call_rate=rates.margin_call_rate,
        liquidation_rate=rates.liquidation_rate,
        cure_days=rates.cure_days,
        cure_rate=rates.cure_rate,
    )


def on_goods(
    session: Session,
    row: LoanRow,
    loan: Loan,
    application: ApplicationRow,
    today: date,
    *,
    less: Mapping[str, int] | None = None,
) -> margin.Cover:
    """What stays under the loan's goods pledges (``less``: thousandths, by pledge), at the newest price. What was added
    without a price counts for nothing. Raises Refused price_missing, price_stale."""
    pledges = _goods(session, row, application)
    goods = []
    for pledge in pledges:
        try:
            receipt = session.get_one(WarehouseReceiptRow, pledge.asset_id)
            price = receipts.fresh_or_worthless(session, pledge.lender_id, receipt, row.currency, today)
        except Refused:
            if pledge.asset_id == application.asset_id:
                raise
            continue
        gone = in_flight.leaving(session, pledge, unsigned=False, bought=False) + (less or {}).get(pledge.id, 0)
        goods.append((max(0, pledge.left - gone), receipts.unit_price(price) if price.minor_per_unit > 0 else None))
    # what else secures the loan (a receivable of sold goods) carries its part of it
    rate = advance_rate(session, row)
    assert rate is not None, "what was lent on goods has a rate"
    others = base(session, row, rate, today, but=frozenset(pledge.id for pledge in pledges))
    lent_on = session.get_one(WarehouseReceiptRow, application.asset_id)
    return margin.Cover(tuple(goods), others.shortfall(owed(loan, today)), receipts.smallest(lent_on))


def _goods(session: Session, row: LoanRow, application: ApplicationRow) -> list[PledgeRow]:
    """The pledges of goods for the loan, those that were lent on first. What the lender took or gave up secures
    nothing; what a count didn't find any more leaves a loan without cover."""
    pledges = select(PledgeRow).where(
        PledgeRow.loan_id == row.id,
        col(PledgeRow.asset_kind).in_(assets.PRICED),
        col(PledgeRow.status).in_((State.ACTIVE.value, State.LOST.value)),
    )
    found = session.exec(pledges.order_by(col(PledgeRow.id))).all()
    return sorted(found, key=lambda pledge: pledge.asset_id != application.asset_id)


def unless_called(session: Session, ctx: Context, pledge: PledgeRow, part: int) -> Refusal | None:
    """Why a lender doesn't give up ``part`` of the pledge of its own will: the loan would be called for what its lender
    itself has given up. All that secures the loan may go: nothing is called then.

    Refusals: release_leaves_short, price_missing, price_stale.
    """
    if pledge.loan_id is None or not assets.KINDS[pledge.asset_kind].priced:
        return None
    row, loan = loan_book.load(session, ctx, pledge.loan_id)
    application = session.get_one(ApplicationRow, row.application_id)
    terms = margin_terms(application)
    if loan.state not in ACCRUING or terms is None:
        return None
    pledges = _goods(session, row, application)
    if sum(each.left - in_flight.leaving(session, each, unsigned=False) for each in pledges) <= part:
        return None
    try:
        after = on_goods(session, row, loan, application, ctx.clock.today(), less={pledge.id: part})
    except Refused as blind:
        return Refusal(blind.code, blind.message)
    return margin.unless_above_call(after, terms)


def owed(loan: Loan, today: date) -> Money:
    """All that is owed today, interest of the day included."""
    return accrue(loan, max(today, loan.accrued_to)).loan.dues.total


def unless_limited(session: Session, lender_id: str, debtor_id: str, amount: Money) -> None:
    """Whether the lender's limit on a debtor carries ``amount`` more. Receivables that took the place of sold goods
    count: nothing was held for them when their loans were granted. Raises Refused limit_missing, limit_exceeded."""
    limit = session.exec(
        select(LimitRow)
        .where(
            LimitRow.lender_id == lender_id,
            LimitRow.kind == LimitKind.DEBTOR.value,
            LimitRow.key == debtor_id,
            LimitRow.currency == amount.currency,
        )
        .with_for_update()
    ).one_or_none()
    if limit is None:
        raise Refused("limit_missing", "the lender has set no limit on the debtor", kind="debtor", key=debtor_id)
    stated = limit.amount if limit.lowered_to is None else limit.lowered_to
    room = stated - limit.held - limit.used - _exchanged(session, lender_id, debtor_id, amount.currency)
    if amount.minor > room:
        left = Money(max(0, room), amount.currency)
        raise Refused("limit_exceeded", f"{left} is left of the limit on the debtor", kind="debtor", headroom=str(left))


def _exchanged(session: Session, lender_id: str, debtor_id: str, currency: str) -> int:
    """What is pledged, or granted to be, of the debtor's receivables in the place of goods."""
    rows = session.exec(
        select(PledgeRow)
        .join(SubstitutionRow, col(SubstitutionRow.pledge_id) == col(PledgeRow.id))
        .join(ReceivableRow, col(ReceivableRow.id) == col(PledgeRow.asset_id))
        .where(SubstitutionRow.lender_id == lender_id, ReceivableRow.debtor_id == debtor_id)
        .where(ReceivableRow.currency == currency, col(PledgeRow.status).in_([state.value for state in HELD]))
    )
    return sum(pledge.left for pledge in rows)
