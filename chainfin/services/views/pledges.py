"""Pledges, undertakings over them, and substitutions. Amounts in what the pledge counts in (``measure``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chainfin.services.views.acts import ActView
from chainfin.services.views.of_row import shown
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.pledge_tables import (
    BuyBackPromiseRow,
    PledgeRow,
    SubstitutionRow,
    TakenReturnRow,
    TakenSaleRow,
    UndertakingRow,
    UndertakingTermsRow,
)
from chainfin.values.measure import Measure
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class PledgeView:
    """A pledge, for its pledgor and lender. ``left`` is still locked."""

    id: str
    loan_id: str | None
    pledgor_id: str
    lender_id: str
    asset_kind: str
    asset_id: str
    measure: Measure
    amount: int
    released: int
    settled: int
    lost: int
    left: int
    decision_hash: str
    registry_number: str | None
    status: str
    drawn: bool
    expires_at: datetime | None
    taken_id: str | None
    tx_hash: str | None
    block_number: int | None

    @classmethod
    def of(cls, row: PledgeRow, measure: Measure) -> PledgeView:
        return shown(cls, row, measure=measure)


@dataclass(frozen=True, slots=True)
class UndertakingView:
    """An undertaking to buy what is pledged, for the pledge's parties and the buyer. ``left``: not bought yet.
    ``wording``: None where only its hash is known; ``price`` of a unit of goods (None: the day's); ``agreed``: the
    pledgor lets them be bought before its loan is late."""

    pledge_id: str
    buyer_id: str
    measure: Measure
    amount: int
    left: int
    until: date
    wording: str | None
    price: Money | None
    agreed: bool
    created_at: datetime

    @classmethod
    def of(
        cls, row: UndertakingRow, measure: Measure, terms: UndertakingTermsRow | None, agreed: bool
    ) -> UndertakingView:
        wording = None if terms is None else terms.wording
        price = None
        if terms is not None and terms.price is not None:
            price = Money(terms.price, str(terms.currency))
        return shown(cls, row, measure=measure, wording=wording, price=price, agreed=agreed)


@dataclass(frozen=True, slots=True)
class BuyBackPromiseView:
    """A promise to undertake goods that are lent on, for their owner and whoever promised: ``quantity`` in thousandths
    of ``unit``, ``price`` minor units of ``currency`` for one (None: the day's)."""

    id: str
    receipt_id: str
    buyer_id: str
    unit: str
    quantity: int
    currency: str | None
    price: int | None
    until: date
    wording: str
    withdrawn_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: BuyBackPromiseRow, *, unit: str) -> BuyBackPromiseView:
        return shown(cls, row, unit=unit)


@dataclass(frozen=True, slots=True)
class BuyBackPaymentView:
    """A payment of an undertaker: ``status`` as in `rules.payment`, ``reason`` why it waits or went back; ``unapplied``
    minor units of it are in suspense."""

    id: str
    amount: int
    currency: str
    received_on: date
    status: str
    reason: str | None
    unapplied: int

    @classmethod
    def of(cls, row: IncomingRow) -> BuyBackPaymentView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class LatePledgeView:
    """Pledged goods whose loan is late, or whose margin call wasn't met (``why``: loan_overdue | margin_call_unmet,
    ``since`` when), for their keeper and whoever undertook to buy them: what it hasn't bought yet (``undertaken``), and
    the last day on which it can be called (``until``); both None for a keeper."""

    id: str
    receipt_id: str
    measure: Measure
    left: int
    why: str
    since: date | None
    undertaken: int | None
    until: date | None


@dataclass(frozen=True, slots=True)
class TakenSaleView:
    """A sale of taken goods, for lender and pledgor: ``quantity`` in thousandths of ``unit``, ``amount`` and ``least``
    (what it has to bring unless the pledgor agrees; None: always its agreement) in minor units of ``currency``."""

    id: str
    pledge_id: str
    receipt_id: str
    unit: str
    quantity: int
    currency: str
    amount: int
    least: int | None
    agreed: bool
    payer_account: str
    wording: str
    status: str
    incoming_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: TakenSaleRow, *, unit: str, agreed: bool) -> TakenSaleView:
        return shown(cls, row, unit=unit, agreed=agreed)


@dataclass(frozen=True, slots=True)
class TakenReturnView:
    """Taken goods on their way back to the pledgor, for lender and pledgor: ``quantity`` in thousandths of ``unit``;
    ``status``: of the lender's order (`act`), final once they were handed out."""

    id: str
    pledge_id: str
    receipt_id: str
    unit: str
    quantity: int
    valuation: dict[str, object]
    proposal_id: str
    act_id: str
    status: str
    created_at: datetime

    @classmethod
    def of(cls, row: TakenReturnRow, *, unit: str, status: str) -> TakenReturnView:
        return shown(cls, row, unit=unit, status=status)


@dataclass(frozen=True, slots=True)
class SubstitutionView:
    """Goods (``quantity`` thousandths) to be set free for a pledge over a receivable (``amount`` minor units of
    ``currency``). ``act`` is the grant, for the pledgor alone."""

    pledge_id: str
    sold_id: str
    receivable_id: str
    lender_id: str
    pledgor_id: str
    quantity: int
    amount: int
    currency: str
    status: str
    error_code: str | None
    error_message: str | None
    act: ActView | None
    expires_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, row: SubstitutionRow, *, currency: str, act: ActView | None) -> SubstitutionView:
        return shown(cls, row, currency=currency, act=act)
