"""Warehouse receipts and the prices of goods."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import (
    Amount,
    AmountIn,
    DecimalText,
    Hex32,
    Input,
    Line,
    Moment,
    Reason,
    Ref,
    SignedAmountIn,
    Word,
    major,
    quantity_text,
    states,
)
from api.schemas.parties import ActOut
from chainfin.rules import inventory, lot
from chainfin.rules.lot import Lot
from chainfin.services.goods.care import Kept
from chainfin.services.views.goods import (
    InspectionView,
    InsuranceView,
    PriceSourceView,
    PriceView,
    WarehouseReceiptView,
)
from chainfin.services.views.pledges import BuyBackPromiseView
from chainfin.values.before_chain import NOT_ISSUED
from chainfin.values.money import Money

UnitCode = Annotated[
    str, StringConstraints(min_length=1, max_length=8), Field(description="UN/ECE Recommendation 20", examples=["TNE"])
]
GoodsFact = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LotIn(Input):
    """Which goods they are: site and number, and a seal or, of bulk goods, a meter reading. Photographs by hash."""

    site: Line
    number: Word
    seal: Word | None = None
    meter: Line | None = None
    photos: list[Hex32] = Field(default=[], max_length=lot.MAX_PHOTOS, description="SHA-256 of each file")

    def value(self) -> Lot:
        return Lot(self.site, self.number, self.seal, self.meter, tuple(self.photos))


class LotOut(BaseModel):
    site: str
    number: str
    seal: str | None
    meter: str | None
    photos: list[str]

    @classmethod
    def of(cls, seen: Lot) -> LotOut:
        return cls(site=seen.site, number=seen.number, seal=seen.seal, meter=seen.meter, photos=list(seen.photos))


class WarehouseReceiptIn(Input):
    """Goods at the keeper. ``goods`` names at least the commodity, a code of the catalogue; class, grade and unit are
    as it says."""

    number: Word
    owner_id: Ref
    goods: Annotated[dict[Annotated[str, StringConstraints(max_length=64)], GoodsFact], Field(max_length=32)]
    unit: Annotated[str, StringConstraints(min_length=1, max_length=8)] = Field(
        description="UN/ECE Rec. 20", examples=["TNE"]
    )
    quantity: DecimalText
    lot: LotIn


class WarehouseReceiptOut(BaseModel):
    """Quantities in ``unit``. free + pledged + released + liquidated + missing = issued; ``reserved`` is in free."""

    id: str
    number: str
    keeper_id: str
    owner_id: str
    parent_id: str | None = Field(description="of goods taken out of another receipt")
    goods: dict[str, str]
    lot: LotOut | None = Field(description="null of a receipt from before lots were named")
    document_root: str
    unit: str
    issued: str
    free: str
    reserved: str
    pledged: str
    released: str
    liquidated: str
    missing: str
    status: str = states(inventory.State, *NOT_ISSUED)
    created_at: Moment

    @classmethod
    def of(cls, seen: WarehouseReceiptView) -> WarehouseReceiptOut:
        amounts = {
            name: quantity_text(getattr(seen, name))
            for name in ("issued", "free", "reserved", "pledged", "released", "liquidated", "missing")
        }
        return cls(
            id=seen.id,
            number=seen.number,
            keeper_id=seen.keeper_id,
            owner_id=seen.owner_id,
            parent_id=seen.parent_id,
            goods={name: str(value) for name, value in seen.goods.items()},
            lot=None if seen.lot is None else LotOut.of(Lot.from_json(seen.lot)),
            document_root=seen.document_root,
            unit=seen.unit,
            status=seen.status,
            created_at=seen.created_at,
            **amounts,
        )


class BuyBackPromiseIn(Input):
    """How much of the goods (in the receipt's unit) the core enterprise will undertake to buy once they are lent on,
    through which day, on which terms; ``price`` of a unit, without it the day's."""

    quantity: DecimalText
    until: dt.date = Field(description="the last day on which it can be called; at least 14 days after the loan is due")
    wording: Reason
    price: AmountIn | None = None


class BuyBackPromiseOut(BaseModel):
    """A loan that counts it is paid out once the undertaking is on chain."""

    id: str
    receipt_id: str
    buyer_id: str
    quantity: str
    unit: str
    until: dt.date
    wording: str
    price: Amount | None
    withdrawn_at: Moment | None
    created_at: Moment

    @classmethod
    def of(cls, seen: BuyBackPromiseView) -> BuyBackPromiseOut:
        price = None if seen.price is None else Amount.of(Money(seen.price, str(seen.currency)))
        made = {"quantity": quantity_text(seen.quantity), "price": price}
        return cls.model_validate({name: getattr(seen, name) for name in cls.model_fields} | made)


class BuyBackPromisesOut(BaseModel):
    receipt_id: str
    promises: list[BuyBackPromiseOut]


class InspectionIn(Input):
    """An inspection that was made, what it found (of this a hash is kept), and by when the next one is made: within a
    quarter."""

    made_on: dt.date
    next_by: dt.date
    report: Reason


class InspectionOut(BaseModel):
    id: str
    receipt_id: str
    made_on: dt.date
    next_by: dt.date
    report_root: str = Field(description="Keccak-256 of the report")
    created_at: Moment

    @classmethod
    def of(cls, seen: InspectionView) -> InspectionOut:
        return cls.model_validate({name: getattr(seen, name) for name in cls.model_fields})


class InsuranceIn(Input):
    """A policy over the goods that the keeper has seen. The newest counts."""

    number: Word
    insurer: Line
    starts_on: dt.date
    ends_on: dt.date = Field(description="its last day")


class InsuranceOut(BaseModel):
    id: str
    receipt_id: str
    number: str
    insurer: str
    starts_on: dt.date
    ends_on: dt.date
    created_at: Moment

    @classmethod
    def of(cls, seen: InsuranceView) -> InsuranceOut:
        return cls.model_validate({name: getattr(seen, name) for name in cls.model_fields})


class CareOut(BaseModel):
    """Inspections and insurance of a receipt's goods. While ``against`` names something, nothing is lent on them, and
    nothing released before its loan is over; nor where the insurance ends before a loan is due."""

    receipt_id: str
    inspections: list[InspectionOut]
    insurance: list[InsuranceOut]
    inspection_due: dt.date | None
    insured_until: dt.date | None
    against: str | None = Field(description="count_under_way, inspection_overdue or insurance_ends")

    @classmethod
    def of(cls, receipt_id: str, seen: Kept) -> CareOut:
        return cls(
            receipt_id=receipt_id,
            inspections=[InspectionOut.of(each) for each in seen.inspections],
            insurance=[InsuranceOut.of(each) for each in seen.policies],
            inspection_due=seen.inspection_due,
            insured_until=seen.insured_until,
            against=None if seen.against is None else seen.against.code,
        )


class WarehouseReceiptAct(BaseModel):
    warehouse_receipt: WarehouseReceiptOut
    act: ActOut


class ReleaseIn(Input):
    quantity: DecimalText


class CountIn(Input):
    """What a count didn't find any more, in the receipt's unit; only a hash of the reason goes on chain."""

    missing: DecimalText
    reason: Reason


class CorrectionIn(Input):
    """What counts had missed and is there after all, in the receipt's unit; only a hash of the reason goes on chain."""

    found: DecimalText
    reason: Reason


class PriceIn(Input):
    """A price of one unit of a good of the catalogue on a day, in its unit, from a named source. One that isn't above
    zero stops lending and releases, and calls every loan on such goods."""

    good: Word
    unit: UnitCode
    price: SignedAmountIn
    source: Line
    as_of: dt.date


class PriceOut(BaseModel):
    id: str
    good: str
    unit: str
    currency: str
    price: str
    source: str
    as_of: dt.date
    owner_id: str | None = Field(description="the lender whose price it is; null: the operator's")
    counts_from: Moment | None = Field(description="null: it doesn't count, or not yet")
    proposal_id: str | None = Field(description="of a price that takes a second person")
    withdrawn_at: Moment | None = Field(description="from then on it doesn't count any more")
    withdrawal_id: str | None = Field(description="proposal by which it was withdrawn")
    created_at: Moment

    @classmethod
    def of(cls, seen: PriceView) -> PriceOut:
        return cls(
            id=str(seen.id),
            owner_id=seen.owner_id,
            counts_from=seen.counts_from,
            proposal_id=seen.proposal_id,
            withdrawn_at=seen.withdrawn_at,
            withdrawal_id=seen.withdrawal_id,
            good=seen.good,
            unit=seen.unit,
            currency=seen.currency,
            price=major(seen.minor_per_unit, seen.currency),
            source=seen.source,
            as_of=seen.as_of,
            created_at=seen.created_at,
        )


class PriceWithdrawalIn(Input):
    reason: Reason


class PriceSourceIn(Input):
    """``reason`` is kept with the proposal."""

    name: Line
    reason: Reason


class PriceSourceOut(BaseModel):
    """``proposal_id`` tells who approved it."""

    name: str
    proposal_id: str
    approved_at: Moment

    @classmethod
    def of(cls, seen: PriceSourceView) -> PriceSourceOut:
        return cls(name=seen.name, proposal_id=seen.proposal_id, approved_at=seen.approved_at)
