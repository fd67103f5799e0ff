"""Goods under a warehouse receipt as something that can be pledged: see `PledgeableAsset` in pledges/assets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlmodel import Session

from chainfin.errors import BadInput, Refusal
from chainfin.rules import inventory as rules
from chainfin.rules.authority import By, On
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.services.goods import receipts, redemption
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.values.measure import Measure
from chainfin.values.money import Money
from chainfin.values.party import Role

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,19})?")


@dataclass(frozen=True, slots=True)
class ReceiptAsset:
    """Amounts in thousandths of the receipt's unit. ``parts``: receipts over goods that acts have taken out of it.

    No act waits for a day: ``today`` counts for receivables alone.
    """

    row: WarehouseReceiptRow
    value: WarehouseReceipt
    parts: tuple[WarehouseReceipt, ...] = ()
    kind: ClassVar[str] = "warehouse_receipt"
    number: ClassVar[int] = 2
    sold: ClassVar[bool] = True
    priced: ClassVar[bool] = True
    undertaker: ClassVar[Role | None] = Role.CORE

    @classmethod
    def find(cls, session: Session, asset_id: str) -> WarehouseReceiptRow | None:
        return session.get(WarehouseReceiptRow, asset_id, with_for_update=True)

    @classmethod
    def measure(cls, session: Session, asset_id: str | None) -> Measure:
        return Measure.goods(session.get_one(WarehouseReceiptRow, asset_id).unit)

    @classmethod
    def worth(cls, session: Session, pledge: PledgeRow, amount: int, currency: str, today: date) -> Money:
        price = redemption.price_of(session, pledge, currency, today)
        return rules.value(amount, receipts.unit_price(price))

    @classmethod
    def of(cls, session: Session, row: WarehouseReceiptRow) -> ReceiptAsset:
        return cls(row, receipts.value(session, row))

    @property
    def currency(self) -> str | None:
        return None

    @property
    def voucher_id(self) -> str:
        return self.value.keeper

    @property
    def holder_id(self) -> str:
        return self.value.owner

    @property
    def due_date(self) -> date | None:
        return None

    @property
    def named(self) -> frozenset[str]:
        return frozenset(item.pledge_id for item in self.value.pledges)

    def measured(self, amount: str) -> int:
        if not _DECIMAL.fullmatch(amount):
            raise BadInput("quantity_malformed", f"{amount!r} is not a decimal quantity", where="/amount")
        return receipts.thousandths(Decimal(amount), smallest=receipts.smallest(self.row), where="/amount")

    def may_lend(self, *, lender: str, by: By) -> Refusal | None:
        return rules.may_lend(self.value, lender=lender, by=by)

    def undertakable(self, buyer_id: str, until: date) -> Refusal | None:
        return None

    def pledge(self, amount: int, *, pledge_id: str, lender: str, by: By) -> ReceiptAsset | Refusal:
        return self._now(rules.pledge(self.value, amount, pledge_id=pledge_id, lender=lender, by=by))

    def unpledge(self, amount: int, *, pledge_id: str, by: By) -> ReceiptAsset | Refusal:
        return self._now(rules.unpledge(self.value, amount, pledge_id=pledge_id, by=by))

    def enforce(self, *, pledge_id: str, child_id: str, by: By, today: On) -> ReceiptAsset | Refusal:
        return self._now(rules.liquidate(self.value, pledge_id=pledge_id, child_id=child_id, by=by))

    def buy_back(self, amount: int, *, pledge_id: str, child_id: str, buyer: str, today: On) -> ReceiptAsset | Refusal:
        return self._now(rules.buy_back(self.value, amount, pledge_id=pledge_id, child_id=child_id, buyer=buyer))

    def put(self, session: Session) -> None:
        receipts.put(session, self.row, self.value)
        for part in self.parts:
            session.add(receipts.part_row(self.row, part))

    def _now(
        self, result: WarehouseReceipt | tuple[WarehouseReceipt, WarehouseReceipt] | Refusal
    ) -> ReceiptAsset | Refusal:
        if isinstance(result, Refusal):
            return result
        if isinstance(result, WarehouseReceipt):
            return replace(self, value=result)
        parent, part = result
        return replace(self, value=parent, parts=(*self.parts, part))
