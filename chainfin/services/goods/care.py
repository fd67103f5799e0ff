"""Inspections and insurance of goods at a keeper, as it records them, and whether the goods may be lent on by that.

Of reports and policies hashes are kept; they themselves stay with the keeper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, NotFound, Refusal
from chainfin.eth.bindings.warehouse_receipts_acts import Recount
from chainfin.hashing import keccak
from chainfin.rules import care as rules
from chainfin.rules.act import UNDER_WAY
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.goods import InspectionView, InsuranceView
from chainfin.storage.goods_tables import InspectionRow, InsuranceRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.party import Role


def inspect(
    ctx: Context, actor: Actor, receipt_id: str, *, made_on: date, next_by: date, report: str
) -> InspectionView:
    """The keeper has inspected the goods; by ``next_by`` it does so again. A count that found less is an act beside it.

    Raises Forbidden role_missing; NotFound warehouse_receipt_unknown; BadInput inspection_day_wrong.
    """
    refusal = rules.inspect(made_on, next_by, ctx.clock.today())
    if refusal is not None:
        raise BadInput(refusal.code, refusal.message, where="/next_by")
    with ctx.store.begin() as session:
        kept = _kept(session, actor, receipt_id)
        row = InspectionRow(
            id=new_id("ins"),
            receipt_id=kept.id,
            made_on=made_on,
            next_by=next_by,
            report_root="0x" + keccak(report.encode()).hex(),
            created_at=ctx.clock.now(),
        )
        session.add(row)
        return InspectionView.of(row)


def insure(
    ctx: Context, actor: Actor, receipt_id: str, *, number: str, insurer: str, starts_on: date, ends_on: date
) -> InsuranceView:
    """The keeper has seen a policy over the goods, in force from one day through another. The newest counts.

    Raises Forbidden role_missing; NotFound warehouse_receipt_unknown; BadInput insurance_days_wrong.
    """
    if not starts_on <= ends_on or starts_on > ctx.clock.today():
        raise BadInput("insurance_days_wrong", "a policy is in force today, and ends after it began", where="/ends_on")
    with ctx.store.begin() as session:
        kept = _kept(session, actor, receipt_id)
        row = InsuranceRow(
            id=new_id("pol"),
            receipt_id=kept.id,
            number=number,
            insurer=insurer,
            starts_on=starts_on,
            ends_on=ends_on,
            created_at=ctx.clock.now(),
        )
        session.add(row)
        return InsuranceView.of(row)


def _kept(session: Session, actor: Actor, receipt_id: str) -> WarehouseReceiptRow:
    keeper_id = actor.require(Role.KEEPER)
    row = session.get(WarehouseReceiptRow, receipt_id)
    if row is None or row.keeper_id != keeper_id:
        raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
    return row


@dataclass(frozen=True, slots=True)
class Kept:
    """What was recorded of a receipt's goods, and why they aren't lent on today (None: nothing stands against it)."""

    inspections: list[InspectionView]
    policies: list[InsuranceView]
    inspection_due: date | None
    insured_until: date | None
    against: Refusal | None


def of_receipt(session: Session, row: WarehouseReceiptRow, today: date) -> Kept:
    found = _care(session, row)
    made = select(InspectionRow).where(col(InspectionRow.receipt_id).in_(_own(row)))
    seen = select(InsuranceRow).where(col(InsuranceRow.receipt_id).in_(_own(row)))
    return Kept(
        inspections=[InspectionView.of(each) for each in session.exec(made.order_by(col(InspectionRow.id)))],
        policies=[InsuranceView.of(each) for each in session.exec(seen.order_by(col(InsuranceRow.id)))],
        inspection_due=found.inspected_by,
        insured_until=found.insured_until,
        against=unless_cared(session, row, today, today),
    )


def unless_cared(session: Session, row: WarehouseReceiptRow, today: date, last: date) -> Refusal | None:
    """Why goods are neither lent on nor released before their loan, due on ``last``, is over: a loss that their keeper
    reports isn't final yet, an inspection wasn't made, or the insurance ends.

    Refusals: count_under_way, inspection_overdue, insurance_ends.
    """
    counting = select(ActRow.id).where(
        ActRow.subject == row.id,
        ActRow.contract == Recount.CONTRACT,
        ActRow.function == Recount.FUNCTION,
        col(ActRow.status).in_(UNDER_WAY),
    )
    act_id = session.exec(counting.limit(1)).first()
    if act_id is not None:
        return Refusal("count_under_way", "the keeper's count that found less isn't final yet", {"act": act_id})
    return rules.unless_cared(_care(session, row), today, last)


def _care(session: Session, row: WarehouseReceiptRow) -> rules.Care:
    """By what was recorded last, of the receipt or of the one out of which its goods were taken."""
    made = select(InspectionRow).where(col(InspectionRow.receipt_id).in_(_own(row)))
    inspected = session.exec(made.order_by(col(InspectionRow.made_on).desc(), col(InspectionRow.id).desc())).first()
    seen = select(InsuranceRow).where(col(InsuranceRow.receipt_id).in_(_own(row)))
    insured = session.exec(seen.order_by(col(InsuranceRow.id).desc())).first()
    return rules.Care(
        inspected_by=None if inspected is None else inspected.next_by,
        insured_until=None if insured is None else insured.ends_on,
    )


def _own(row: WarehouseReceiptRow) -> list[str]:
    return [each for each in (row.id, row.parent_id) if each is not None]
