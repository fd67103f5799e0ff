"""Calls (补仓) on borrowers whose collateral shrank: what has to be repaid so that the rest covers what is owed.

Receivables shrink by a document (a credit note), goods by their price. A loan on goods is looked at when their price
is set and at every end of day; where no fresh price tells what they are worth, that is said and never taken for cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import structlog
from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Refused
from chainfin.risk.record import DecisionRecord
from chainfin.rules import inventory
from chainfin.rules.loan import Loan, accrue
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.pledge import State
from chainfin.services.books import loan_book
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, cover
from chainfin.services.views.lending import MarginCallView
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, MarginCallRow, RepaymentRow
from chainfin.storage.trade_tables import PledgeRow, PriceRow, ReceivableRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import BasisPoints, Money
from chainfin.values.product import Product

_log = structlog.get_logger("chainfin.margin")

OPEN = "open"
COVERED = "covered"
"""The collateral covers the loan again, as far as a call would have restored it."""
REPLACED = "replaced"
"""A later call asks for what this one asked for, and more."""


def call(session: Session, ctx: Context, asset: ReceivableRow, lost: Money, cause: str) -> Money:
    """A pledged receivable has lost ``lost`` of its worth: call for what the loans on it are short of now. The newest
    pledges bear the loss first.

    Of a loan is called what it owes above the borrowing base of all its remaining pledges; of a loan that was granted
    without security nothing, whatever was pledged later. Returns the sum of all calls.
    """
    hits: dict[str, Money] = {}
    loans: dict[str, None] = {}
    pledges = session.exec(
        select(PledgeRow)
        .where(PledgeRow.asset_id == asset.id, PledgeRow.status == State.ACTIVE.value)
        .order_by(col(PledgeRow.block_number).desc(), col(PledgeRow.id).desc())
    )
    for pledge in pledges:
        hit = min(lost, Money(pledge.left, asset.currency))
        lost -= hit
        if hit.minor and pledge.loan_id is not None:  # one of another's book: its lender sees to it
            hits[pledge.id] = hit
            loans[pledge.loan_id] = None
    called = Money.zero(asset.currency)
    for loan_id in loans:
        row, loan = loan_book.load(session, loan_id)
        rate = cover.advance_rate(session, row)
        if loan.state not in ACCRUING or rate is None:
            continue
        short = cover.base(session, row, rate, ctx.clock.today(), lost=hits).shortfall(_owed(ctx, loan))
        if short.minor > 0:
            called += short
            _call(session, ctx, row, asset.id, cause, short)
    return called


def price_set(session: Session, ctx: Context, price: PriceRow) -> None:
    """A new price: every running loan on such goods that it may count for is looked at. The caller holds the book."""
    running = (
        select(LoanRow.id)
        .join(ApplicationRow, col(ApplicationRow.id) == col(LoanRow.application_id))
        .join(WarehouseReceiptRow, col(WarehouseReceiptRow.id) == col(ApplicationRow.asset_id))
        .where(
            LoanRow.product == Product.INVENTORY_PLEDGE.value,
            LoanRow.currency == price.currency,
            col(LoanRow.status).in_([state.value for state in ACCRUING]),
            WarehouseReceiptRow.unit == price.unit,
            col(WarehouseReceiptRow.goods)["commodity"].as_string() == price.good,
        )
        .order_by(col(LoanRow.id))
    )
    if price.owner_id is not None:
        running = running.where(LoanRow.lender_id == price.owner_id)
    for loan_id in session.exec(running).all():
        row, loan = loan_book.load(session, loan_id)
        check(session, ctx, row, loan, f"price {price.id}")


def shrank(session: Session, ctx: Context, pledge: PledgeRow, cause: str) -> None:
    """Less is there of pledged goods: the loan on them is looked at."""
    if pledge.loan_id is not None:
        row, loan = loan_book.load(session, pledge.loan_id)
        check(session, ctx, row, loan, cause)


def check(session: Session, ctx: Context, row: LoanRow, loan: Loan, cause: str) -> str | None:
    """Call for more collateral where goods no longer cover what a running loan owes, by the rates of the policy that
    granted it; nothing is called that earlier calls ask for already.

    Returns why the cover can't be told (price_missing, price_stale), which is alarmed; None where it can, or where no
    goods secure the loan.
    """
    try:
        _check(session, ctx, row, loan, cause)
    except Refused as blind:
        _log.warning("margin not checked", loan=row.id, code=blind.code, cause=cause)
        return blind.code
    return None


def _check(session: Session, ctx: Context, row: LoanRow, loan: Loan, cause: str) -> None:
    if loan.state not in ACCRUING:
        return
    application = session.get_one(ApplicationRow, row.application_id)
    pledges = _goods(session, row, application)
    if not pledges:
        return
    price = _fresh_price(session, ctx, application, row.currency)
    rates = DecisionRecord.parse(str(application.record).encode()).outcome
    assert rates.advance_rate is not None, "an approval on goods has its rates"
    assert rates.margin_call_rate is not None, "an approval on goods has its rates"
    restore = _basis_points(rates.advance_rate)
    held = sum(pledge.left for pledge in pledges)
    # what else secures the loan (a receivable of sold goods) carries its part of it
    goods = frozenset(pledge.id for pledge in pledges)
    others = cover.base(session, row, rates.advance_rate, ctx.clock.today(), but=goods)
    owed = others.shortfall(_owed(ctx, loan))
    found = inventory.margin_call(held, owed, price, trigger=_basis_points(rates.margin_call_rate), restore=restore)
    standing = [called for called in _calls(session, row, loan) if not (called.met or called.replaced)]
    if found is None:
        if owed <= inventory.loan_limit(held, price, restore):
            _end(session, standing, COVERED)
        return
    asked = max((called.left for called in standing), default=Money.zero(row.currency))
    known = session.exec(
        select(MarginCallRow.id).where(MarginCallRow.loan_id == row.id, MarginCallRow.cause == cause)
    ).first()
    if found.cash > asked and known is None:
        _end(session, standing, REPLACED)
        _call(session, ctx, row, str(application.asset_id), cause, found.cash)


def _end(session: Session, calls: Sequence[MarginCallView], status: str) -> None:
    for each in calls:
        row = session.get_one(MarginCallRow, each.id)
        row.status = status
        session.add(row)


def _goods(session: Session, row: LoanRow, application: ApplicationRow) -> list[PledgeRow]:
    """The pledges of the goods that were lent on. What the lender took or gave up secures nothing; what a count didn't
    find any more leaves a loan without cover."""
    return list(
        session.exec(
            select(PledgeRow).where(
                PledgeRow.loan_id == row.id,
                col(PledgeRow.asset_kind).in_(assets.PRICED),
                PledgeRow.asset_id == application.asset_id,
                col(PledgeRow.status).in_((State.ACTIVE.value, State.LOST.value)),
            )
        ).all()
    )


def _fresh_price(session: Session, ctx: Context, application: ApplicationRow, currency: str) -> inventory.UnitPrice:
    """Raises Refused price_missing, price_stale."""
    receipt = session.get_one(WarehouseReceiptRow, application.asset_id)
    price = receipts.fresh_price(session, application.lender_id, receipt, currency, ctx.clock.today())
    return receipts.unit_price(price)


def _owed(ctx: Context, loan: Loan) -> Money:
    return accrue(loan, max(ctx.clock.today(), loan.accrued_to)).loan.dues.total


def _call(session: Session, ctx: Context, row: LoanRow, asset_id: str, cause: str, amount: Money) -> None:
    session.add(
        MarginCallRow(
            id=new_id("call"),
            loan_id=row.id,
            asset_id=asset_id,
            cause=cause,
            currency=amount.currency,
            amount=amount.minor,
            status=OPEN,
            created_at=ctx.clock.now(),
        )
    )


@dataclass(frozen=True, slots=True)
class Calls:
    """``unchecked``: why nobody can tell what the goods under the loan are worth now (price_missing, price_stale)."""

    calls: list[MarginCallView]
    unchecked: str | None


def of_loan(ctx: Context, actor: Actor, loan_id: str) -> Calls:
    """The calls on a loan in the order of making, for its borrower and lender. Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, loan = loan_book.load(session, loan_id)
        if not actor.sees_all and actor.party_id not in (row.borrower_id, row.lender_id):
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        return Calls(_calls(session, row, loan), _blind(session, ctx, row, loan))


def _calls(session: Session, row: LoanRow, loan: Loan) -> list[MarginCallView]:
    calls = session.exec(
        select(MarginCallRow).where(MarginCallRow.loan_id == row.id).order_by(col(MarginCallRow.id))
    ).all()
    paid = session.exec(select(RepaymentRow).where(RepaymentRow.loan_id == row.id)).all() if calls else []
    found = []
    for each in calls:
        since = sum(payment.amount for payment in paid if payment.created_at >= each.created_at)
        left = max(0, each.amount - since)
        met = loan.state not in ACCRUING or each.status == COVERED or left == 0
        replaced = each.status == REPLACED
        found.append(MarginCallView.of(each, met=met, replaced=replaced, left=Money(left, each.currency)))
    return found


def _blind(session: Session, ctx: Context, row: LoanRow, loan: Loan) -> str | None:
    application = session.get_one(ApplicationRow, row.application_id)
    if loan.state not in ACCRUING or not _goods(session, row, application):
        return None
    try:
        _fresh_price(session, ctx, application, row.currency)
    except Refused as blind:
        return blind.code
    return None


def _basis_points(rate: Decimal) -> BasisPoints:
    return BasisPoints(int(rate * inventory.FULL))
