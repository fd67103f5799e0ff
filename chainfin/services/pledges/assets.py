"""What a pledge is on: its asset, of either kind, and its row, locked in one order; what is still free of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final, Protocol, TypeAlias

from sqlmodel import Session, col, or_, select

from chainfin.errors import NotFound, Refusal, unless_refused
from chainfin.rules import pledge as rules
from chainfin.rules.authority import By, On
from chainfin.services.goods import receipts
from chainfin.services.goods.receipt_asset import ReceiptAsset
from chainfin.services.kernel import in_flight, pledge_rows
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import pending_credits, receivable_state
from chainfin.services.trade.receivable_asset import ReceivableAsset
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow
from chainfin.values.measure import Measure
from chainfin.values.money import Money
from chainfin.values.party import Role

AssetRow: TypeAlias = ReceivableRow | WarehouseReceiptRow


class PledgeableAsset(Protocol):
    """An asset's row with its value. An act gives the asset after it, or the rule's refusal; nothing is stored until
    `put`. Amounts in what the asset counts: minor units of its currency, or thousandths of its unit."""

    kind: ClassVar[str]
    """Its name in rows, in the registry and in the API: receivable | warehouse_receipt."""
    number: ClassVar[int]
    """The contracts' name of the kind."""
    sold: ClassVar[bool]
    """Whether it can be sold while it is pledged, and the receivable of its sale take its place."""
    priced: ClassVar[bool]
    """Whether its worth goes with a price, so that it may have to be topped up without having changed."""
    undertaker: ClassVar[Role | None]
    """The role that whoever undertakes to buy it needs; None: any party may."""

    @classmethod
    def find(cls, session: Session, asset_id: str) -> AssetRow | None:
        """The row of an asset of this kind, locked."""

    @classmethod
    def measure(cls, session: Session, asset_id: str | None) -> Measure:
        """In what an asset of this kind counts. Locks nothing."""

    @classmethod
    def worth(cls, session: Session, pledge: PledgeRow, amount: int, currency: str, today: date) -> Money:
        """What ``amount`` of the pledge is worth today: of a receivable its face less what is credited of it, of
        goods what the newest price of the pledge's lender says. Raises Refused price_missing, price_stale."""

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
    def due_date(self) -> date | None:
        """The day on which it falls due; None of what doesn't."""

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


AssetKind: TypeAlias = type[ReceivableAsset] | type[ReceiptAsset]
KINDS: Final[Mapping[str, AssetKind]] = {kind.kind: kind for kind in (ReceivableAsset, ReceiptAsset)}
"""The one list of kinds. What differs between them is asked of the kind; nobody compares names."""
PRICED: Final = tuple(kind.kind for kind in KINDS.values() if kind.priced)
"""Those whose worth goes with a price."""


def of_row(session: Session, row: AssetRow) -> PledgeableAsset:
    """The asset of a row that is locked. Raises Conflict receivable_not_final, receipt_not_final."""
    if isinstance(row, ReceivableRow):
        return ReceivableAsset.of(session, row)
    return ReceiptAsset.of(session, row)


def locked_asset(session: Session, kind: str, asset_id: str | None) -> AssetRow:
    """An asset's row, locked. ``kind``: receivable | warehouse_receipt."""
    row = KINDS[kind].find(session, str(asset_id))
    assert row is not None, f"there is no {kind} {asset_id}"
    return row


def found(session: Session, asset_id: str, *, kind: str | None = None) -> AssetRow | None:
    """The row of an asset of this kind (None: of either), locked, if it is one of ours."""
    for each in KINDS.values() if kind is None else (KINDS[kind],):
        row = each.find(session, asset_id)
        if row is not None:
            return row
    return None


def asset_of(session: Session, pledge: PledgeRow) -> PledgeableAsset:
    """The pledged asset, locked."""
    return of_row(session, locked_asset(session, pledge.asset_kind, pledge.asset_id))


def lock_for(session: Session, loan_id: str) -> None:
    """Lock the assets that are pledged for a loan. Everybody does so before locking the loan, its lender's money or
    limits."""
    pledges = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id).order_by(col(PledgeRow.asset_id)))
    for pledge in pledges.all():
        locked_asset(session, pledge.asset_kind, pledge.asset_id)


def locked_pledge(session: Session, pledge_id: str) -> PledgeRow:
    """A pledge's row, locked after its asset's row. Everybody locks in this order, so that no two transactions wait for
    each other."""
    pledge = session.get_one(PledgeRow, pledge_id)
    locked_asset(session, pledge.asset_kind, pledge.asset_id)
    return session.get_one(PledgeRow, pledge_id, with_for_update=True)


def unreserve(session: Session, pledge: PledgeRow) -> None:
    """The pledge will not come to be: what was promised to it is free again."""
    asset = locked_asset(session, pledge.asset_kind, pledge.asset_id)
    asset.reserved -= min(pledge.amount, asset.reserved)
    session.add(asset)
    pledge_rows.put(session, pledge, unless_refused(rules.fail(pledge_rows.value(pledge))))


def holder_of(asset: AssetRow) -> str:
    """Whose it is."""
    return asset.holder_id if isinstance(asset, ReceivableRow) else asset.owner_id


def measure_of(session: Session, pledge: PledgeRow) -> Measure:
    """In what a pledge counts. Locks nothing."""
    return KINDS[pledge.asset_kind].measure(session, pledge.asset_id)


def free_of(session: Session, asset: AssetRow) -> int:
    """What may still be pledged: free on chain, not promised to another application, and not paid meanwhile."""
    return (
        receivable_state.unpromised(session, asset) if isinstance(asset, ReceivableRow) else receipts.unpromised(asset)
    )


def held_by(session: Session, asset: AssetRow) -> dict[str, str]:
    """What takes how much of an asset from being free to lend on, as its measure counts; what takes nothing is left
    out."""
    if isinstance(asset, ReceivableRow):
        return receivable_state.held_by(session, asset)
    taken = {"pledged": asset.pledged, "reserved": asset.reserved}
    return {name: str(Decimal(amount).scaleb(-3)) for name, amount in taken.items() if amount}


def unless_paid(session: Session, asset: AssetRow, needed: int = 1) -> Refusal | None:
    """Why ``needed`` of an asset (locked) can't be lent on since somebody has paid for it: a payment of it has no place
    yet, or what one that is on its way to the chain leaves is too little. Refusal payment_under_way."""
    if not isinstance(asset, ReceivableRow):
        return None
    unplaced = in_flight.unless_placed(session, asset.id)
    if unplaced is not None:
        return unplaced
    left, paid = receivable_state.unpromised(session, asset), receivable_state.paid(session, asset)
    if left < needed <= left + paid:
        shown = Money(paid, asset.currency)
        return Refusal("payment_under_way", f"{shown} of it is paid, and on its way to the chain", {"paid": str(shown)})
    return None


def unless_paid_beside(session: Session, pledge: PledgeRow) -> Refusal | None:
    """Why what is promised to a pledge, or pledged, may not carry its loan: the holder was paid more than is free
    beside it, a payment is parked, or a credit note has still to take off more than that. Locks the asset. Refusals
    payment_under_way, credit_pending."""
    asset = locked_asset(session, pledge.asset_kind, pledge.asset_id)
    if not isinstance(asset, ReceivableRow):
        return None
    beside = max(0, receivable_state.unpromised(session, asset))
    unplaced = in_flight.unless_placed(session, asset.id, beside=beside)
    return unplaced or pending_credits.refusal(asset, pending_credits.bound(session, asset))


def for_party(session: Session, actor: Actor, pledge_id: str) -> PledgeRow:
    """The pledge's row, locked, for its lender or pledgor. Raises NotFound pledge_unknown."""
    party_id = actor.require()
    row = session.get(PledgeRow, pledge_id)
    if row is None or party_id not in (row.lender_id, row.pledgor_id):
        raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
    return locked_pledge(session, pledge_id)


def stands_on(session: Session, party_id: str | None, asset_id: str) -> bool:
    """Whether the party lends on an asset, has undertaken to buy what is pledged of it, or pledged what a lender has
    taken as this asset: then it may see it."""
    held = [state.value for state in (rules.State.PENDING, *rules.LIVE)]
    promised = select(UndertakingRow.pledge_id).where(UndertakingRow.buyer_id == party_id)
    found = (
        select(PledgeRow.id)
        .where(PledgeRow.asset_id == asset_id, col(PledgeRow.status).in_(held))
        .where(or_(PledgeRow.lender_id == party_id, col(PledgeRow.id).in_(promised)))
    )
    taken = select(PledgeRow.id).where(PledgeRow.taken_id == asset_id, PledgeRow.pledgor_id == party_id)
    return any(session.exec(each.limit(1)).first() is not None for each in (found, taken))
