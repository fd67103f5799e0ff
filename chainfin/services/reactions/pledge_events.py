"""Pledges as final events leave them, those made past this service included: what they lock of our assets is locked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from sqlmodel import Session, select

from chainfin.eth.bindings import pledges_events
from chainfin.services.books import loan_book
from chainfin.services.kernel.context import Context
from chainfin.services.lending import funding
from chainfin.services.pledges import assets, release, substitution
from chainfin.services.reactions.event_reading import Handlers, fit_reserved, on, party
from chainfin.services.trade.receivables import EPOCH
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow, UndertakingRow, WarehouseReceiptRow


class _OfPledge(Protocol):
    @property
    def pledge_id(self) -> str: ...


class _OfPart(_OfPledge, Protocol):
    @property
    def asset_id(self) -> str: ...
    @property
    def amount(self) -> int: ...


P = TypeVar("P", bound=_OfPledge)
U = TypeVar("U", bound=_OfPart)


def _pledge(
    change: Callable[[Session, Context, PledgeRow, P, ChainEvent], None],
) -> Callable[[Session, Context, P, ChainEvent], None]:
    """A change of a pledge over an asset that we know."""

    def follow(session: Session, ctx: Context, told: P, event: ChainEvent) -> None:
        if session.get(PledgeRow, told.pledge_id) is not None:
            row = assets.locked_pledge(session, told.pledge_id)
            change(session, ctx, row, told, event)
            session.add(row)

    return follow


def _unlocked(
    change: Callable[[Session, Context, PledgeRow, U, ChainEvent], None],
) -> Callable[[Session, Context, U, ChainEvent], None]:
    """A part of the asset is free again; then `_pledge`."""
    mine = _pledge(change)

    def follow(session: Session, ctx: Context, told: U, event: ChainEvent) -> None:
        asset = _asset(session, told.asset_id)
        if asset is not None:
            asset.pledged -= told.amount
            session.add(asset)
        mine(session, ctx, told, event)

    return follow


def _asset(session: Session, asset_id: str) -> ReceivableRow | WarehouseReceiptRow | None:
    receivable = session.get(ReceivableRow, asset_id, with_for_update=True)
    return receivable or session.get(WarehouseReceiptRow, asset_id, with_for_update=True)


def _pledged(session: Session, ctx: Context, told: pledges_events.Pledged, event: ChainEvent) -> None:
    asset = _asset(session, told.asset_id)
    if asset is None:
        return
    # Read before the asset changes: a read flushes, and half of the change isn't conserved.
    pledge = session.get(PledgeRow, told.pledge_id, with_for_update=True)
    ours = pledge is not None
    pledge = pledge or _made_elsewhere(session, asset, told, event)
    asset.pledged += told.amount
    if ours and pledge is not None:
        asset.reserved -= min(pledge.amount, asset.reserved)
    fit_reserved(asset)
    session.add(asset)
    if pledge is None:
        return
    pledge.status = "active"
    pledge.drawn = not told.expires_at
    pledge.expires_at = None if pledge.drawn else datetime.fromtimestamp(told.expires_at, UTC)
    pledge.tx_hash = event.tx_hash
    pledge.block_number = event.block_number
    session.add(pledge)
    if ours:
        funding.pledge_final(session, ctx, pledge)


def _made_elsewhere(
    session: Session, asset: ReceivableRow | WarehouseReceiptRow, told: pledges_events.Pledged, event: ChainEvent
) -> PledgeRow | None:
    """The lender made it itself: it may secure a loan of ours (more collateral), or one that isn't in this book.

    None between parties that this service doesn't know: then the asset shows it as pledged, and the reconciliation.
    """
    lender, pledgor = (party(session, number) for number in (told.lender, told.pledgor))
    if lender is None or pledgor is None:
        return None
    loans = session.exec(
        select(LoanRow.id).where(LoanRow.lender_id == lender.id, LoanRow.borrower_id == pledgor.id)
    ).all()
    named = [loan_id for loan_id in loans if loan_book.loan_ref(loan_id) == told.loan_ref]
    return PledgeRow(
        id=told.pledge_id,
        cell=asset.cell,
        loan_id=named[0] if named else None,
        asset_kind="receivable" if isinstance(asset, ReceivableRow) else "warehouse_receipt",
        asset_id=asset.id,
        pledgor_id=pledgor.id,
        lender_id=lender.id,
        amount=told.amount,
        decision_hash=told.decision_hash,
        created_at=event.block_time,
    )


def _drawn(session: Session, ctx: Context, pledge: PledgeRow, told: pledges_events.Drawn, event: ChainEvent) -> None:
    pledge.drawn = True


def _released(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    told: pledges_events.Released | pledges_events.Expired,
    event: ChainEvent,
) -> None:
    pledge.released += told.amount
    _end_or_go_on(session, ctx, pledge, "released")


def _discharged(
    session: Session, ctx: Context, pledge: PledgeRow, told: pledges_events.Discharged, event: ChainEvent
) -> None:
    pledge.status = "released"
    release.pledge_shrunk(session, ctx, pledge)


def _undertaken(
    session: Session, ctx: Context, pledge: PledgeRow, told: pledges_events.Undertaken, event: ChainEvent
) -> None:
    buyer = party(session, told.buyer)
    if buyer is not None:
        # in the place of one that has lapsed or was kept in full
        session.merge(
            UndertakingRow(
                pledge_id=pledge.id,
                buyer_id=buyer.id,
                amount=told.amount,
                left=told.amount,
                until=EPOCH + timedelta(days=told.until_day),
                document_root=told.document_root,
                created_at=event.block_time,
            )
        )


def _bought_back(
    session: Session, ctx: Context, pledge: PledgeRow, told: pledges_events.BoughtBack, event: ChainEvent
) -> None:
    """Whoever undertook it paid the lender and has what was pledged: that the asset's own event moves (Taken)."""
    buyer = party(session, told.buyer)
    promise = None if buyer is None else session.get(UndertakingRow, (pledge.id, buyer.id), with_for_update=True)
    if promise is not None:
        promise.left -= told.amount
        session.add(promise)
    pledge.settled += told.amount
    _end_or_go_on(session, ctx, pledge, "released")


def _shrunk(session: Session, ctx: Context, pledge: PledgeRow, told: pledges_events.Shrunk, event: ChainEvent) -> None:
    """A keeper's count found less than was pledged: the goods' own event takes it off the receipt."""
    pledge.lost += told.by
    _end_or_go_on(session, ctx, pledge, "lost")


def _end_or_go_on(session: Session, ctx: Context, pledge: PledgeRow, ended: str) -> None:
    if pledge.left:
        release.release_what_is_left(session, ctx, pledge)
        return
    pledge.status = ended
    release.pledge_shrunk(session, ctx, pledge)


def _enforced(
    session: Session, ctx: Context, pledge: PledgeRow, told: pledges_events.Enforced, event: ChainEvent
) -> None:
    """The lender took what was pledged: it holds it as an asset of its own, and the loan owes on. What that asset
    brings in serves the loan (see `placing`)."""
    pledge.status = "enforced"
    pledge.taken_id = told.child_id
    release.pledge_shrunk(session, ctx, pledge)


def _substituted(session: Session, ctx: Context, told: pledges_events.Substituted, event: ChainEvent) -> None:
    """What it does to pledges and assets, Released and Pledged tell."""
    substitution.final(session, told.pledge_id)


HANDLERS: Handlers = dict(
    [
        on(pledges_events.Pledged, _pledged),
        on(pledges_events.Drawn, _pledge(_drawn)),
        on(pledges_events.Released, _unlocked(_released)),
        on(pledges_events.Expired, _unlocked(_released)),
        on(pledges_events.Discharged, _pledge(_discharged)),
        on(pledges_events.Shrunk, _pledge(_shrunk)),
        on(pledges_events.Undertaken, _pledge(_undertaken)),
        on(pledges_events.BoughtBack, _pledge(_bought_back)),
        on(pledges_events.Enforced, _pledge(_enforced)),
        on(pledges_events.Substituted, _substituted),
    ]
)
