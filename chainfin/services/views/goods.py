"""Warehouse receipts and the prices of goods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.goods_tables import InspectionRow, InsuranceRow
from chainfin.storage.price_tables import PriceRow, PriceSourceRow
from chainfin.storage.trade_tables import WarehouseReceiptRow


@dataclass(frozen=True, slots=True)
class WarehouseReceiptView:
    """A receipt, for its owner and keeper, in thousandths of ``unit``.

    ``free + pledged + released + liquidated + missing = issued``; ``reserved`` is a part of free.
    """

    id: str
    number: str
    keeper_id: str
    owner_id: str
    parent_id: str | None
    goods: dict[str, object]
    lot: dict[str, object] | None
    document_root: str
    unit: str
    issued: int
    free: int
    reserved: int
    pledged: int
    released: int
    liquidated: int
    missing: int
    status: str
    created_at: datetime

    @classmethod
    def of(cls, row: WarehouseReceiptRow, *, free: int) -> WarehouseReceiptView:
        return shown(cls, row, free=free)


@dataclass(frozen=True, slots=True)
class InspectionView:
    """An inspection by the keeper; ``report_root``: Keccak-256 of its report."""

    id: str
    receipt_id: str
    made_on: date
    next_by: date
    report_root: str
    created_at: datetime

    @classmethod
    def of(cls, row: InspectionRow) -> InspectionView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class InsuranceView:
    """A policy over goods, as their keeper has seen it, through the day ``ends_on``."""

    id: str
    receipt_id: str
    number: str
    insurer: str
    starts_on: date
    ends_on: date
    created_at: datetime

    @classmethod
    def of(cls, row: InsuranceRow) -> InsuranceView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class PriceView:
    """A price of one unit of a good, minor units; ``owner_id`` None: the operator's. ``counts_from`` None: it doesn't
    count, or not yet."""

    id: int
    good: str
    unit: str
    currency: str
    minor_per_unit: int
    source: str
    as_of: date
    owner_id: str | None
    counts_from: datetime | None
    proposal_id: str | None
    withdrawn_at: datetime | None
    withdrawal_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: PriceRow) -> PriceView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class PriceSourceView:
    """A source of the operator's prices; ``proposal_id`` tells who approved it."""

    name: str
    proposal_id: str
    approved_at: datetime

    @classmethod
    def of(cls, row: PriceSourceRow) -> PriceSourceView:
        return shown(cls, row)
