"""Calls on borrowers whose collateral shrank: what has to be repaid so that the rest covers what is owed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Refused
from chainfin.rules.inventory import value
from chainfin.rules.loan import accrue
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.pledge import State
from chainfin.services.books import loan_book
from chainfin.services.goods import redemption
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.trade.receivable_asset import ReceivableAsset
from chainfin.storage.lending_tables import LoanRow, MarginCallRow, OfferRow, RepaymentRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money, Rounding


def call(session: Session, ctx: Context, asset: ReceivableRow, lost: Money, cause: str) -> Money:
    """``lost`` of the pledged part is worth nothing any more; the newest pledges lose it first.

    What is called of a loan: what is owed above its advance rate × what is left of all its pledges (rounded down, the
    lender gains); of one that was granted without security nothing, whatever was added to it. Returns the sum of all
    calls.
    """
    hits: dict[str, Money] = {}
    pledges = session.exec(
        select(PledgeRow)
        .where(PledgeRow.asset_id == asset.id, PledgeRow.status == State.ACTIVE.value)
        .order_by(col(PledgeRow.block_number).desc(), col(PledgeRow.id).desc())
    )
    for pledge in pledges:
        hit = min(lost, Money(pledge.left, asset.currency))
        lost -= hit
        if hit.minor and pledge.loan_id is not None:  # one of another's book: its lender sees to it
            hits[pledge.loan_id] = hits.get(pledge.loan_id, Money.zero(asset.currency)) + hit
    called = Money.zero(asset.currency)
    for loan_id, hit in hits.items():
        row, loan = loan_book.load(session, loan_id)
        rate = _advance_rate(session, row)
        if loan.state not in ACCRUING or rate is None:
            continue
        owed = accrue(loan, max(ctx.clock.today(), loan.accrued_to)).loan.dues.total
        covered = (_worth(session, row) - hit).times(rate, Rounding.FLOOR)
        short = owed - covered
        if short.minor > 0:
            called += short
            session.add(
                MarginCallRow(
                    id=new_id("call"),
                    loan_id=row.id,
                    asset_id=asset.id,
                    cause=cause,
                    currency=asset.currency,
                    amount=short.minor,
                    created_at=ctx.clock.now(),
                )
            )
    return called


def _worth(session: Session, row: LoanRow) -> Money:
    """What the loan's live pledges are over: receivables at face, goods at the newest price (nothing without one)."""
    sum_ = Money.zero(row.currency)
    for pledge in session.exec(
        select(PledgeRow).where(PledgeRow.loan_id == row.id, PledgeRow.status == State.ACTIVE.value)
    ):
        if pledge.asset_kind == ReceivableAsset.kind:
            sum_ += Money(pledge.left, row.currency)
            continue
        with suppress(Refused):
            sum_ += value(pledge.left, redemption.price_of(session, pledge, row.currency))
    return sum_


@dataclass(frozen=True, slots=True)
class Called:
    """A call, and whether what was paid on the loan since then met it (or ended the loan)."""

    row: MarginCallRow
    met: bool


def of_loan(ctx: Context, actor: Actor, loan_id: str) -> list[Called]:
    """The calls on a loan in the order of making, for its borrower and lender. Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, loan = loan_book.load(session, loan_id)
        if not actor.sees_all and actor.party_id not in (row.borrower_id, row.lender_id):
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        calls = session.exec(
            select(MarginCallRow).where(MarginCallRow.loan_id == loan_id).order_by(col(MarginCallRow.id))
        ).all()
        paid = session.exec(select(RepaymentRow).where(RepaymentRow.loan_id == loan_id)).all()
    ended = loan.state not in ACCRUING
    since = [sum(each.amount for each in paid if each.created_at >= call.created_at) for call in calls]
    return [Called(call, ended or sum_ >= call.amount) for call, sum_ in zip(calls, since, strict=True)]


def _advance_rate(session: Session, row: LoanRow) -> Decimal | None:
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.application_id)).one()
    rate = offer.terms["advance_rate"]
    return None if rate is None else Decimal(str(rate))
