"""Calls (补仓) on borrowers whose collateral shrank: what has to be repaid so that the rest covers what is owed.

Receivables shrink by a document (a credit note), goods by their price. A loan on goods is looked at whenever their
price or their quantity changes, when something is paid, and at every end of day: what becomes of its calls says
`rules.margin`. Where no fresh price tells what they are worth, that is said and never taken for cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Refused
from chainfin.rules import margin
from chainfin.rules.loan import Loan
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.margin import Event, Opened
from chainfin.rules.pledge import State
from chainfin.services.books import loan_book
from chainfin.services.kernel import announcing
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import cover
from chainfin.services.trade import pending_credits
from chainfin.services.views.lending import MarginCallView
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, MarginCallRow, RepaymentRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.product import Product

_log = structlog.get_logger("chainfin.margin")


def call(session: Session, ctx: Context, asset: ReceivableRow, cause: str) -> Money:
    """A credit note cuts into what is pledged of a receivable: call the loans on it that are no longer covered. The
    newest pledges bear the loss first.

    Each loan is called for what it owes above the borrowing base of its pledges, less what it was called for before. A
    loan that was granted without security is never called, even if something was pledged later. Returns the sum of all
    calls.
    """
    loans: dict[str, None] = {}
    pledges = session.exec(
        select(PledgeRow)
        .where(PledgeRow.asset_id == asset.id, PledgeRow.status == State.ACTIVE.value)
        .order_by(col(PledgeRow.block_number).desc(), col(PledgeRow.id).desc())
    )
    for pledge in pledges:  # one of another's book: its lender sees to it
        if pledge.loan_id is not None and pending_credits.on_pledge(session, pledge):
            loans[pledge.loan_id] = None
    called, today = Money.zero(asset.currency), ctx.clock.today()
    for loan_id in loans:
        row, loan = loan_book.load(session, ctx, loan_id)
        rate = cover.advance_rate(session, row)
        if loan.state not in ACCRUING or rate is None:
            continue
        short = cover.base(session, row, rate, today).shortfall(cover.owed(loan, today))
        short -= Money(sum(_left(session, each) for each in _standing(session, row)), row.currency)
        if short.minor > 0:
            called += short
            terms = cover.margin_terms(session.get_one(ApplicationRow, row.application_id))
            due_on = None if terms is None else margin.deadline(today, terms.cure_days, ctx.calendar)
            _add(session, ctx, row, asset.id, cause, Opened(short, 0, due_on or today, margin.State.OPEN), due_on)
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
            WarehouseReceiptRow.good == price.good,
        )
        .order_by(col(LoanRow.id))
    )
    if price.owner_id is not None:
        running = running.where(LoanRow.lender_id == price.owner_id)
    for loan_id in session.exec(running).all():
        row, loan = loan_book.load(session, ctx, loan_id)
        check(session, ctx, row, loan, f"price {price.id}", fell=True)


def moved(session: Session, ctx: Context, pledge: PledgeRow, cause: str, *, less: bool = True) -> None:
    """There is less under a pledge, or more is pledged: its loan is looked at."""
    if pledge.loan_id is not None:
        row, loan = loan_book.load(session, ctx, pledge.loan_id)
        check(session, ctx, row, loan, cause, fell=less)


def paid(session: Session, ctx: Context, row: LoanRow, loan: Loan) -> None:
    """Something was paid on the loan: what it was called for may be met."""
    check(session, ctx, row, loan, "payment")


def check(session: Session, ctx: Context, row: LoanRow, loan: Loan, cause: str, *, fell: bool = False) -> str | None:
    """Compare what a loan owes with the value of the goods under it, at the rates of the policy that granted it: a
    standing call is cured, replaced or escalated, and a shortfall is called (`rules.margin.judge`, which says what
    ``fell`` is).

    Returns why the value is unknown (price_missing, price_stale), after an alarm; None if it is known, or if no goods
    secure the loan.
    """
    standing = _standing(session, row)
    if loan.state not in ACCRUING:
        _move(session, ctx, standing, Event.CURE)
        return None
    application = session.get_one(ApplicationRow, row.application_id)
    terms = cover.margin_terms(application)
    if terms is None:
        _move(session, ctx, [each for each in standing if not _left(session, each)], Event.CURE)
        return None
    secured, blind = _secured(session, ctx, row, loan, application)
    if blind is not None:
        _log.warning("margin not checked", loan=row.id, code=blind, cause=cause)
    today = ctx.clock.today()
    found = margin.judge(secured, _as_one(session, ctx, standing, terms), terms, today, ctx.calendar, fell=fell)
    if found.event is not None:
        _move(session, ctx, standing, found.event)
    if found.opened is not None:
        _add(session, ctx, row, str(application.asset_id), cause, found.opened, found.opened.due_on)
    return blind


def _secured(
    session: Session, ctx: Context, row: LoanRow, loan: Loan, application: ApplicationRow
) -> tuple[margin.Cover | None, str | None]:
    """What goods secure of a loan; None where nobody can tell, and why (price_missing, price_stale), or where all goods
    were replaced or taken: nothing is called then, and what stands waits for money."""
    try:
        found = cover.on_goods(session, row, loan, application, ctx.clock.today())
    except Refused as refused:
        return None, refused.code
    return (found if found.goods or not found.owed.minor else None), None


def _standing(session: Session, row: LoanRow) -> Sequence[MarginCallRow]:
    calls = select(MarginCallRow).where(
        MarginCallRow.loan_id == row.id, col(MarginCallRow.status).in_([state.value for state in margin.STANDING])
    )
    return session.exec(calls.order_by(col(MarginCallRow.id))).all()


def _as_one(
    session: Session, ctx: Context, calls: Sequence[MarginCallRow], terms: margin.Terms
) -> margin.Standing | None:
    """All standing calls as one: the largest amount still open, and the earliest deadline. Calls made before calls had
    deadlines get one now."""
    if not calls:
        return None
    for each in calls:
        if each.due_on is None:
            each.due_on = margin.deadline(ctx.clock.today(), terms.cure_days, ctx.calendar)
            session.add(each)
    states = {each.status for each in calls}
    return margin.Standing(
        state=margin.State.ESCALATED if margin.State.ESCALATED in states else margin.State.OPEN,
        left=Money(max(_left(session, each) for each in calls), calls[0].currency),
        due_on=min(each.due_on for each in calls if each.due_on is not None),
    )


def _move(session: Session, ctx: Context, calls: Sequence[MarginCallRow], event: Event) -> None:
    for row in calls:
        row.status = margin.transition(margin.State(row.status), event).value
        if event is Event.ESCALATE:
            row.escalated_on = ctx.clock.today()
            _log.warning("margin call escalated", loan=row.loan_id, call=row.id)
            announcing.late(session, ctx, row.loan_id)
        session.add(row)


def _add(
    session: Session, ctx: Context, row: LoanRow, asset_id: str, cause: str, opened: Opened, due_on: date | None
) -> None:
    call_id = new_id("call")
    known = select(MarginCallRow.id).where(MarginCallRow.loan_id == row.id, MarginCallRow.cause == cause)
    session.add(
        MarginCallRow(
            id=call_id,
            loan_id=row.id,
            asset_id=asset_id,
            cause=cause if session.exec(known).first() is None else f"{cause}, {call_id}",
            currency=opened.amount.currency,
            amount=opened.amount.minor,
            quantity=opened.quantity or None,
            due_on=due_on,
            status=opened.state.value,
            escalated_on=ctx.clock.today() if opened.state is margin.State.ESCALATED else None,
            created_at=ctx.clock.now(),
        )
    )
    session.flush()
    if opened.state is margin.State.ESCALATED:
        announcing.late(session, ctx, row.id)


@dataclass(frozen=True, slots=True)
class Calls:
    """``unchecked``: why nobody can tell what the goods under the loan are worth now (price_missing, price_stale)."""

    calls: list[MarginCallView]
    unchecked: str | None


def of_loan(ctx: Context, actor: Actor, loan_id: str) -> Calls:
    """The calls on a loan in the order of making, for its borrower, its lender, and whoever undertook to buy what is
    pledged for it. Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, loan = loan_book.load(session, ctx, loan_id)
        parties = (row.borrower_id, row.lender_id)
        if not (actor.sees_all or actor.party_id in parties or _undertook(session, actor, loan_id)):
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        calls = session.exec(
            select(MarginCallRow).where(MarginCallRow.loan_id == row.id).order_by(col(MarginCallRow.id))
        ).all()
        application = session.get_one(ApplicationRow, row.application_id)
        terms = cover.margin_terms(application) if loan.state in ACCRUING else None
        secured, blind = (None, None) if terms is None else _secured(session, ctx, row, loan, application)
        found = []
        for each in calls:
            status, left = margin.State(each.status), None
            if status in margin.STANDING and loan.state not in ACCRUING:
                status = margin.State.CURED
            if status in margin.STANDING:
                left = Money(_left(session, each), each.currency)
                left = left if terms is None else margin.left_today(secured, left, terms)
            found.append(MarginCallView.of(each, status=status.value, left=left))
        return Calls(found, blind)


def _undertook(session: Session, actor: Actor, loan_id: str) -> bool:
    query = (
        select(UndertakingRow.pledge_id)
        .join(PledgeRow, col(PledgeRow.id) == col(UndertakingRow.pledge_id))
        .where(PledgeRow.loan_id == loan_id, UndertakingRow.buyer_id == actor.party_id)
    )
    return session.exec(query.limit(1)).first() is not None


def _left(session: Session, call: MarginCallRow) -> int:
    """What the call asked for, less what was paid on the loan since."""
    since = select(func.coalesce(func.sum(RepaymentRow.amount), 0)).where(
        RepaymentRow.loan_id == call.loan_id, col(RepaymentRow.created_at) >= call.created_at
    )
    return max(0, call.amount - int(session.exec(since).one()))
