"""Reads. A party sees its own things; what is another's is as unknown as what doesn't exist."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, String, bindparam
from sqlmodel import Session, SQLModel, and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from chainfin.errors import Forbidden, NotFound
from chainfin.risk.explain import explain
from chainfin.rules.ledger import TrialLine
from chainfin.rules.loan import Instalment, Kind, Loan, Step, accrue, rebate
from chainfin.services.books import journals, loan_book
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets
from chainfin.services.trade import order_state
from chainfin.services.trade.receivable_state import parties, view, whole_view
from chainfin.services.views.acts import ActView
from chainfin.services.views.goods import PriceView, WarehouseReceiptView
from chainfin.services.views.lending import (
    ApplicationDetail,
    ApplicationView,
    LimitView,
    LoanView,
    NodeView,
    OfferView,
    Trail,
)
from chainfin.services.views.pledges import PledgeView
from chainfin.services.views.trade import OrderView, ReceivableView
from chainfin.storage.lending_tables import (
    ApplicationNodeRow,
    ApplicationRow,
    IncomingRow,
    LimitRow,
    LoanRow,
    OfferRow,
    RepaymentRow,
)
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import ActRow, DocumentRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.measure import Measure
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class LoanDetail:
    """A loan: what was agreed, what is owed (as of the day to which interest was accrued), what is pledged."""

    agreed: LoanView
    loan: Loan
    pledges: list[PledgeView]


@dataclass(frozen=True, slots=True)
class Payoff:
    """What settles a loan on a day, part by part, less what is let off so that it costs no more than its cap."""

    on: date
    total: Money
    parts: dict[str, Money]
    rebate: Money


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One thing that happened to a loan. Amounts are signed from the borrower's view: what it owes grows with plus.
    ``balance``: what it owes after it, the sum of all amounts so far."""

    on: date
    kind: str
    amount: Money
    balance: Money
    allocation: dict[str, object]
    at: datetime


def _page(session: Session, query: SelectOfScalar[Row], key: Any, after: str, limit: int) -> list[Row]:
    return list(session.exec(query.where(col(key) > after).order_by(col(key)).limit(limit)).all())


def orders(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[OrderView]:
    query = select(OrderRow)
    if not actor.sees_all:
        query = query.where(or_(OrderRow.buyer_id == actor.party_id, OrderRow.seller_id == actor.party_id))
    with ctx.store.read() as session:
        return [order_state.view(session, row) for row in _page(session, query, OrderRow.id, after, limit)]


def order(ctx: Context, actor: Actor, order_id: str) -> OrderView:
    """Raises NotFound order_unknown."""
    with ctx.store.read() as session:
        row = session.get(OrderRow, order_id)
        if row is None or not (actor.sees_all or actor.party_id in (row.buyer_id, row.seller_id)):
            raise NotFound("order_unknown", f"there is no order {order_id}")
        return order_state.view(session, row)


def receivables(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[ReceivableView]:
    query = select(ReceivableRow)
    if not actor.sees_all:
        query = query.where(_of_party(actor))
    with ctx.store.read() as session:
        return [view(row) for row in _page(session, query, ReceivableRow.id, after, limit)]


def receivable(ctx: Context, actor: Actor, receivable_id: str) -> ReceivableView:
    """With the root of its invoice for those whom the invoice names. Raises NotFound receivable_unknown."""
    with ctx.store.read() as session:
        row = _receivable(session, actor, receivable_id)
        invoice = session.get_one(DocumentRow, row.document_id)
        named = actor.sees_all or actor.party_id in (invoice.buyer_id, invoice.seller_id)
        return whole_view(session, row, document_root=invoice.root if named else None)


def _receivable(session: Session, actor: Actor, receivable_id: str) -> ReceivableRow:
    row = session.get(ReceivableRow, receivable_id)
    if row is None or not (
        actor.sees_all or actor.party_id in parties(row) or assets.stands_on(session, actor.party_id, receivable_id)
    ):
        raise NotFound("receivable_unknown", f"there is no receivable {receivable_id}")
    return row


def parts(ctx: Context, actor: Actor, receivable_id: str, *, after: str = "", limit: int = 50) -> list[ReceivableView]:
    """What was split off it or taken out of it, as far as it is the actor's business. Raises NotFound
    receivable_unknown."""
    query = select(ReceivableRow).where(ReceivableRow.parent_id == receivable_id)
    if not actor.sees_all:
        query = query.where(_of_party(actor))
    with ctx.store.read() as session:
        _receivable(session, actor, receivable_id)
        return [view(row) for row in _page(session, query, ReceivableRow.id, after, limit)]


def _of_party(actor: Actor) -> ColumnElement[bool]:
    """As `receivable_state.parties` says."""
    row = ReceivableRow
    issued = (col(row.seller_id) == actor.party_id) & (col(row.parent_id).is_(None))
    return or_(col(row.holder_id) == actor.party_id, col(row.debtor_id) == actor.party_id, issued)


def warehouse_receipts(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[WarehouseReceiptView]:
    query = select(WarehouseReceiptRow)
    if not actor.sees_all:
        query = query.where(
            or_(WarehouseReceiptRow.keeper_id == actor.party_id, WarehouseReceiptRow.owner_id == actor.party_id)
        )
    with ctx.store.read() as session:
        return [receipts.view(row) for row in _page(session, query, WarehouseReceiptRow.id, after, limit)]


def warehouse_receipt(ctx: Context, actor: Actor, receipt_id: str) -> WarehouseReceiptView:
    """Raises NotFound warehouse_receipt_unknown."""
    with ctx.store.read() as session:
        row = session.get(WarehouseReceiptRow, receipt_id)
        own = row is not None and actor.party_id in (row.keeper_id, row.owner_id)
        if row is None or not (actor.sees_all or own or assets.stands_on(session, actor.party_id, receipt_id)):
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
    return receipts.view(row)


def prices(ctx: Context, actor: Actor, *, good: str | None = None, after: int = 0, limit: int = 50) -> list[PriceView]:
    """One's own prices and the operator's, in the order in which they were set; the operator and auditors see all."""
    query = select(PriceRow).where(col(PriceRow.id) > after).order_by(col(PriceRow.id)).limit(limit)
    if not actor.sees_all:
        query = query.where(or_(PriceRow.owner_id == actor.party_id, col(PriceRow.owner_id).is_(None)))
    if good is not None:
        query = query.where(PriceRow.good == good)
    with ctx.store.read() as session:
        return [PriceView.of(row) for row in session.exec(query)]


def credit_limits(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[LimitView]:
    """A lender's own limits, and those that are about the actor."""
    query = select(LimitRow)
    if not actor.sees_all:
        query = query.where(or_(LimitRow.lender_id == actor.party_id, LimitRow.key == actor.party_id))
    with ctx.store.read() as session:
        return [LimitView.of(row) for row in _page(session, query, LimitRow.id, after, limit)]


def applications(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[ApplicationView]:
    query = select(ApplicationRow)
    if not actor.sees_all:
        query = query.where(
            or_(ApplicationRow.borrower_id == actor.party_id, ApplicationRow.lender_id == actor.party_id)
        )
    with ctx.store.read() as session:
        return [ApplicationView.of(row) for row in _page(session, query, ApplicationRow.id, after, limit)]


def application(ctx: Context, actor: Actor, application_id: str) -> ApplicationDetail:
    """Raises NotFound application_unknown."""
    with ctx.store.read() as session:
        row = _application(session, actor, application_id)
        nodes = _nodes(session, application_id)
        made = session.exec(select(OfferRow).where(OfferRow.application_id == application_id)).one_or_none()
        offer = None if made is None else _offer(session, actor, made, row)
    record = None if row.record is None else json.loads(row.record)
    detail = [] if record is None else explain(record)
    parts = [] if record is None else list(record["outcome"].get("limit_parts", []))
    return ApplicationDetail(ApplicationView.of(row), nodes, offer, detail, parts)


def trail(ctx: Context, actor: Actor, application_id: str, seq: int) -> Trail:
    """The nodes after number ``seq`` and the status that goes with them, of one view and in one statement: every open
    stream asks this at every news. Raises NotFound application_unknown."""
    with ctx.store.read() as session:
        rows = session.exec(_TRAIL, params={"application": application_id, "seq": seq}).all()
    if not rows or not (actor.sees_all or actor.party_id in rows[0][1:3]):
        raise _no_application(application_id)
    return Trail(rows[0][0], [NodeView.of(row[3]) for row in rows if row[3] is not None])


_TRAIL = (
    select(ApplicationRow.status, ApplicationRow.borrower_id, ApplicationRow.lender_id, ApplicationNodeRow)
    .outerjoin(
        ApplicationNodeRow,
        and_(
            col(ApplicationNodeRow.application_id) == col(ApplicationRow.id),
            col(ApplicationNodeRow.seq) > bindparam("seq", type_=Integer()),
        ),
    )
    .where(ApplicationRow.id == bindparam("application", type_=String()))
    .order_by(col(ApplicationNodeRow.seq))
)
"""Made once: to make it costs more than to run it."""


def _nodes(session: Session, application_id: str) -> list[NodeView]:
    query = select(ApplicationNodeRow).where(ApplicationNodeRow.application_id == application_id)
    return [NodeView.of(row) for row in session.exec(query.order_by(col(ApplicationNodeRow.seq)))]


def _application(session: Session, actor: Actor, application_id: str) -> ApplicationRow:
    row = session.get(ApplicationRow, application_id)
    if row is None or not (actor.sees_all or actor.party_id in (row.borrower_id, row.lender_id)):
        raise _no_application(application_id)
    return row


def _no_application(application_id: str) -> NotFound:
    return NotFound("application_unknown", f"there is no application {application_id}")


def offer(ctx: Context, actor: Actor, offer_id: str) -> OfferView:
    """Raises NotFound offer_unknown."""
    with ctx.store.read() as session:
        row = session.get(OfferRow, offer_id)
        if row is not None:
            owner = session.get_one(ApplicationRow, row.application_id)
            if actor.sees_all or actor.party_id in (owner.borrower_id, owner.lender_id):
                return _offer(session, actor, row, owner)
    raise NotFound("offer_unknown", f"there is no offer {offer_id}")


def _offer(session: Session, actor: Actor, row: OfferRow, application: ApplicationRow) -> OfferView:
    """With the act that accepts it for the borrower alone: the lender sees the offer without it."""
    act = None if row.act_id is None else session.get(ActRow, row.act_id)
    own = act is not None and (actor.sees_all or actor.party_id == act.party_id)
    kind, measure = Product(application.product).asset_kind, Measure.money(application.currency)
    if kind is not None:
        measure = assets.KINDS[kind].measure(session, application.asset_id)
    return OfferView.of(row, pledged_in=measure, act=ActView.of(act) if act is not None and own else None)


def loans(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[LoanView]:
    query = select(LoanRow)
    if not actor.sees_all:
        query = query.where(or_(LoanRow.borrower_id == actor.party_id, LoanRow.lender_id == actor.party_id))
    with ctx.store.read() as session:
        return [LoanView.of(row) for row in _page(session, query, LoanRow.id, after, limit)]


def _own_loan(session: Session, ctx: Context, actor: Actor, loan_id: str) -> tuple[LoanRow, Loan]:
    row, loan = loan_book.load(session, ctx, loan_id)
    if not actor.sees_all and actor.party_id not in (row.borrower_id, row.lender_id):
        raise NotFound("loan_unknown", f"there is no loan {loan_id}")
    return row, loan


def loan(ctx: Context, actor: Actor, loan_id: str) -> LoanDetail:
    """Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, value = _own_loan(session, ctx, actor, loan_id)
        pledges = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)).all()
        return LoanDetail(LoanView.of(row), value, [_pledge_view(session, pledge) for pledge in pledges])


def pledges(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[PledgeView]:
    """Pledges that one has given or taken."""
    query = select(PledgeRow)
    if not actor.sees_all:
        query = query.where(or_(PledgeRow.pledgor_id == actor.party_id, PledgeRow.lender_id == actor.party_id))
    with ctx.store.read() as session:
        return [_pledge_view(session, row) for row in _page(session, query, PledgeRow.id, after, limit)]


def pledge(ctx: Context, actor: Actor, pledge_id: str) -> PledgeView:
    """Raises NotFound pledge_unknown."""
    with ctx.store.read() as session:
        row = session.get(PledgeRow, pledge_id)
        if row is None or not (actor.sees_all or actor.party_id in (row.pledgor_id, row.lender_id)):
            raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
        return _pledge_view(session, row)


def _pledge_view(session: Session, row: PledgeRow) -> PledgeView:
    return PledgeView.of(row, assets.measure_of(session, row))


def schedule(ctx: Context, actor: Actor, loan_id: str) -> Sequence[Instalment]:
    """Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        return _own_loan(session, ctx, actor, loan_id)[1].schedule.instalments


def payoff(ctx: Context, actor: Actor, loan_id: str, on: date) -> Payoff:
    """What settles the loan on ``on``. Raises NotFound loan_unknown; Conflict business_date_backwards."""
    with ctx.store.read() as session:
        _, value = _own_loan(session, ctx, actor, loan_id)
    accrued = accrue(value, on).loan
    dues, off = accrued.dues, rebate(accrued)
    parts = {name: getattr(dues, name) for name in ("fee", "penalty", "overdue_interest", "interest", "principal")}
    let_off = Money.zero(value.currency) if off is None else off.total
    return Payoff(on, dues.total - let_off, parts, let_off)


def statement(ctx: Context, actor: Actor, loan_id: str) -> list[StatementLine]:
    """What happened to the loan, in the order of the bank's dates. Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, _ = _own_loan(session, ctx, actor, loan_id)
        happened = loan_book.by_value(session, ctx, row)
        allocated = session.exec(
            select(IncomingRow.book_ref, RepaymentRow.allocation)
            .join(IncomingRow, col(IncomingRow.id) == col(RepaymentRow.incoming_id))
            .where(RepaymentRow.loan_id == loan_id)
        )
        paid = {name: dict(allocation) for name, allocation in allocated}
    lines: list[StatementLine] = []
    for event, step in happened:
        for kind, change in _changes(step):
            balance = change if not lines else lines[-1].balance + change
            shown = paid.get(event.payment, {}) if kind == event.kind else {}
            lines.append(StatementLine(step.happening.on, kind, change, balance, shown, event.created_at))
    return lines


def _changes(step: Step) -> list[tuple[str, Money]]:
    """What a happening did to what is owed, in the order in which it counts: interest up to its day comes before it,
    and what a payment that settles the loan lets the borrower off stands beside it."""
    kind, before, after, taken = step.happening.kind, step.before, step.after, step.taken
    total = after.dues.total - before.dues.total
    if kind is Kind.DISBURSE:
        return _not_zero(("disburse", after.dues.principal), ("fee", after.dues.fee))
    if taken is None:
        return _not_zero((kind.value, total))
    paid = taken.allocation.allocated
    off = Money.zero(total.currency) if taken.rebate is None else taken.rebate.total
    return [*_not_zero(("accrue", total + paid + off), ("rebate", -off)), (kind.value, -paid)]


def _not_zero(*parts: tuple[str, Money]) -> list[tuple[str, Money]]:
    return [(kind, amount) for kind, amount in parts if amount.minor]


def trial_balance(
    ctx: Context, actor: Actor, *, on: date | None = None, by_value: bool = False, lender: str | None = None
) -> list[TrialLine]:
    """Turnovers up to the end of business date ``on`` (``by_value``: of that value date; None: of all). A lender sees
    its own book alone; the operator and auditors see one lender's, or all.

    Raises Forbidden role_missing, book_not_yours.
    """
    if not actor.sees_all:
        own = actor.require(Role.LENDER)
        if lender not in (None, own):
            raise Forbidden("book_not_yours", "a lender sees its own book")
        lender = own
    with ctx.store.read() as session:
        return journals.trial_balance(session, on=on, by_value=by_value, book=lender)
