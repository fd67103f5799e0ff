"""What a pledge is on: its asset, of either kind, and its row, locked in one order; what is still free of it."""

from __future__ import annotations

from datetime import date
from typing import Protocol, TypeAlias

from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Refusal, unless_refused
from chainfin.rules import pledge as rules
from chainfin.rules.authority import By, On
from chainfin.services.goods import receipts
from chainfin.services.goods.receipt_asset import ReceiptAsset
from chainfin.services.kernel import pledge_rows
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import receivables
from chainfin.services.trade.receivable_asset import ReceivableAsset
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow, WarehouseReceiptRow

AssetRow: TypeAlias = ReceivableRow | WarehouseReceiptRow


class PledgeableAsset(Protocol):
    """An asset's row with its value. An act gives the asset after it, or the rule's refusal; nothing is stored until
    `put`. Amounts in what the asset counts: minor units of its currency, or thousandths of its unit."""

    @property
    def kind(self) -> str:
        """receivable | warehouse_receipt"""

    @property
    def row(self) -> AssetRow: ...
    @property
    def currency(self) -> str | None:
        """None of goods: their price may be in any."""

    @property
    def voucher_id(self) -> str:
        """On whose word its worth stands: the debtor's that it will pay, or the keeper's that the goods are there."""

    @property
    def holder_id(self) -> str: ...
    @property
    def named(self) -> frozenset[str]:
        """Ids of the pledges over it."""

    def measured(self, amount: str) -> int:
        """A decimal amount as the asset counts. Raises BadInput amount_…, quantity_…."""

    def may_lend(self, *, lender: str, by: By) -> Refusal | None:
        """Why ``lender`` could never lend on it to ``by``."""

    def undertakable(self, buyer_id: str, until: date) -> Refusal | None:
        """Why an undertaking to buy it could never be kept. Raises BadInput until_not_after_due."""

    def pledge(self, amount: int, *, pledge_id: str, lender: str, by: By) -> PledgeableAsset | Refusal: ...
    def unpledge(self, amount: int, *, pledge_id: str, by: By) -> PledgeableAsset | Refusal: ...
    def enforce(self, *, pledge_id: str, child_id: str, by: By, today: On) -> PledgeableAsset | Refusal:
        """All of the pledge is the lender's, as the asset ``child_id``."""

    def buy_back(
        self, amount: int, *, pledge_id: str, child_id: str, buyer: str, today: On
    ) -> PledgeableAsset | Refusal:
        """``amount`` of the pledge is the buyer's, as the asset ``child_id``."""

    def put(self, session: Session) -> None:
        """The row says what the value says; what was taken out of it gets rows of its own."""


def of_row(session: Session, row: AssetRow) -> PledgeableAsset:
    """The asset of a row that is locked. Raises Conflict receivable_not_final, receipt_not_final."""
    if isinstance(row, ReceivableRow):
        return ReceivableAsset.of(session, row)
    return ReceiptAsset.of(session, row)


def locked_asset(session: Session, kind: str, asset_id: str | None) -> AssetRow:
    """An asset's row, locked. ``kind``: receivable | warehouse_receipt."""
    if kind == ReceivableAsset.kind:
        return session.get_one(ReceivableRow, asset_id, with_for_update=True)
    return session.get_one(WarehouseReceiptRow, asset_id, with_for_update=True)


def found(session: Session, asset_id: str, *, kind: str | None = None) -> AssetRow | None:
    """The row of an asset of this kind (None: of either), locked, if it is one of ours."""
    row: AssetRow | None = None
    if kind != ReceiptAsset.kind:
        row = session.get(ReceivableRow, asset_id, with_for_update=True)
    if row is None and kind != ReceivableAsset.kind:
        row = session.get(WarehouseReceiptRow, asset_id, with_for_update=True)
    return row


def asset_of(session: Session, pledge: PledgeRow) -> PledgeableAsset:
    """The pledged asset, locked."""
    return of_row(session, locked_asset(session, pledge.asset_kind, pledge.asset_id))


def lock_for(session: Session, loan_id: str) -> None:
    """Lock what is pledged for a loan: before the loan, its lender's money and limits, by everybody."""
    pledges = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id).order_by(col(PledgeRow.asset_id)))
    for pledge in pledges.all():
        locked_asset(session, pledge.asset_kind, pledge.asset_id)


def locked_pledge(session: Session, pledge_id: str) -> PledgeRow:
    """A pledge's row, locked after its asset's: in that order by everybody, so that nobody waits in a circle."""
    pledge = session.get_one(PledgeRow, pledge_id)
    locked_asset(session, pledge.asset_kind, pledge.asset_id)
    return session.get_one(PledgeRow, pledge_id, with_for_update=True)


def unreserve(session: Session, pledge: PledgeRow) -> None:
    """The pledge doesn't come to be: what was promised to it is free."""
    asset = locked_asset(session, pledge.asset_kind, pledge.asset_id)
    asset.reserved -= min(pledge.amount, asset.reserved)
    session.add(asset)
    pledge_rows.put(session, pledge, unless_refused(rules.fail(pledge_rows.value(pledge))))


def holder_of(asset: AssetRow) -> str:
    """Whose it is."""
    return asset.holder_id if isinstance(asset, ReceivableRow) else asset.owner_id


def measure_of(session: Session, pledge: PledgeRow) -> str:
    """In what a pledge counts: the receivable's currency, or the goods' unit. Locks nothing."""
    if pledge.asset_kind == ReceivableAsset.kind:
        return session.get_one(ReceivableRow, pledge.asset_id).currency
    return session.get_one(WarehouseReceiptRow, pledge.asset_id).unit


def free_of(asset: AssetRow) -> int:
    """What may still be pledged: free on chain and not promised to another application."""
    return receivables.unpromised(asset) if isinstance(asset, ReceivableRow) else receipts.unpromised(asset)


def for_party(session: Session, actor: Actor, pledge_id: str) -> PledgeRow:
    """The pledge's row, locked, for its lender or pledgor. Raises NotFound pledge_unknown."""
    party_id = actor.require()
    row = session.get(PledgeRow, pledge_id)
    if row is None or party_id not in (row.lender_id, row.pledgor_id):
        raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
    return locked_pledge(session, pledge_id)
