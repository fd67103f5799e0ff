"""A receivable as something that can be pledged: see `PledgeableAsset` in pledges/assets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from sqlmodel import Session

from chainfin.errors import BadInput, Refusal
from chainfin.rules import receivable as rules
from chainfin.rules.authority import By, On
from chainfin.rules.receivable import Receivable
from chainfin.services.trade import pending_credits, receivable_state
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.measure import Measure
from chainfin.values.money import Money
from chainfin.values.party import Role


@dataclass(frozen=True, slots=True)
class ReceivableAsset:
    """Amounts in minor units of the receivable's currency. ``parts``: receivables that acts have taken out of it."""

    row: ReceivableRow
    value: Receivable
    parts: tuple[Receivable, ...] = ()
    kind: ClassVar[str] = "receivable"
    number: ClassVar[int] = 1
    sold: ClassVar[bool] = False
    priced: ClassVar[bool] = False
    undertaker: ClassVar[Role | None] = None

    @classmethod
    def find(cls, session: Session, asset_id: str) -> ReceivableRow | None:
        return session.get(ReceivableRow, asset_id, with_for_update=True)

    @classmethod
    def measure(cls, session: Session, asset_id: str | None) -> Measure:
        return Measure.money(session.get_one(ReceivableRow, asset_id).currency)

    @classmethod
    def worth(cls, session: Session, pledge: PledgeRow, amount: int, currency: str, today: date) -> Money:
        return Money(max(0, amount - pending_credits.on_pledge(session, pledge)), currency)

    @classmethod
    def of(cls, session: Session, row: ReceivableRow) -> ReceivableAsset:
        return cls(row, receivable_state.value(session, row))

    @property
    def currency(self) -> str | None:
        return self.row.currency

    @property
    def voucher_id(self) -> str:
        return self.value.debtor

    @property
    def holder_id(self) -> str:
        return self.value.holder

    @property
    def due_date(self) -> date | None:
        return self.value.due_date

    @property
    def named(self) -> frozenset[str]:
        return frozenset(part.pledge_id for part in self.value.pledges)

    def measured(self, amount: str) -> int:
        return Money.positive(amount, self.row.currency, where="/amount").minor

    def may_lend(self, *, lender: str, by: By) -> Refusal | None:
        return rules.may_lend(self.value, lender=lender)

    def undertakable(self, buyer_id: str, until: date) -> Refusal | None:
        refusal = rules.may_buy_back(self.value, buyer=buyer_id)
        if refusal is None and until <= self.value.due_date:
            due = f"the receivable is due on {self.value.due_date}, and is bought back only when it is overdue"
            raise BadInput("until_not_after_due", due, where="/until")
        return refusal

    def pledge(self, amount: int, *, pledge_id: str, lender: str, by: By) -> ReceivableAsset | Refusal:
        return self._now(rules.pledge(self.value, self._money(amount), pledge_id=pledge_id, lender=lender, by=by))

    def unpledge(self, amount: int, *, pledge_id: str, by: By) -> ReceivableAsset | Refusal:
        return self._now(rules.release(self.value, self._money(amount), pledge_id=pledge_id, by=by))

    def enforce(self, *, pledge_id: str, child_id: str, by: By, today: On) -> ReceivableAsset | Refusal:
        return self._now(rules.enforce(self.value, pledge_id=pledge_id, child_id=child_id, by=by, today=today))

    def buy_back(
        self, amount: int, *, pledge_id: str, child_id: str, buyer: str, today: On
    ) -> ReceivableAsset | Refusal:
        ids = {"pledge_id": pledge_id, "child_id": child_id, "buyer": buyer}
        return self._now(rules.buy_back(self.value, self._money(amount), **ids, today=today))

    def put(self, session: Session) -> None:
        receivable_state.put(session, self.row, self.value)
        for part in self.parts:
            session.add(receivable_state.part_row(self.row, part))

    def _money(self, amount: int) -> Money:
        return Money(amount, self.row.currency)

    def _now(self, result: Receivable | tuple[Receivable, Receivable] | Refusal) -> ReceivableAsset | Refusal:
        if isinstance(result, Refusal):
            return result
        if isinstance(result, Receivable):
            return replace(self, value=result)
        parent, part = result
        return replace(self, value=parent, parts=(*self.parts, part))
