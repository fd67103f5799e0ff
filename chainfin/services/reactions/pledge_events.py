"""Pledges as final events leave them, those made past this service included: what they lock of our assets is locked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, select

from chainfin.services.books import loan_book
from chainfin.services.kernel.context import Context
from chainfin.services.lending import funding
from chainfin.services.pledges import assets, release, substitution
from chainfin.services.reactions.event_reading import Handler, Handlers, fit_reserved, number, party, text
from chainfin.services.trade.receivables import EPOCH
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow, UndertakingRow, WarehouseReceiptRow


def _pledge(change: Callable[[Session, Context, PledgeRow, ChainEvent], None]) -> Handler:
    """A change of a pledge over an asset that we know."""

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        if session.get(PledgeRow, text(event, "pledgeId")) is not None:
            row = assets.locked_pledge(session, text(event, "pledgeId"))
            change(session, ctx, row, event)
            session.add(row)

    return handle


def _unlocked(change: Callable[[Session, Context, PledgeRow, ChainEvent], None]) -> Handler:
    """A part of the asset is free again; then `_pledge`."""
    mine = _pledge(change)

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        asset = _asset(session, text(event, "assetId"))
        if asset is not None:
            asset.pledged -= number(event, "amount")
            session.add(asset)
        mine(session, ctx, event)

    return handle


def _asset(session: Session, asset_id: str) -> ReceivableRow | WarehouseReceiptRow | None:
    receivable = session.get(ReceivableRow, asset_id, with_for_update=True)
    return receivable or session.get(WarehouseReceiptRow, asset_id, with_for_update=True)


def _pledged(session: Session, ctx: Context, event: ChainEvent) -> None:
    asset = _asset(session, text(event, "assetId"))
    if asset is None:
        return
    # Read before the asset changes: a read flushes, and half of the change isn't conserved.
    pledge = session.get(PledgeRow, text(event, "pledgeId"), with_for_update=True)
    ours = pledge is not None
    pledge = pledge or _made_elsewhere(session, asset, event)
    asset.pledged += number(event, "amount")
    if ours and pledge is not None:
        asset.reserved -= min(pledge.amount, asset.reserved)
    fit_reserved(asset)
    session.add(asset)
    if pledge is None:
        return
    pledge.status = "active"
    pledge.drawn = not number(event, "expiresAt")
    pledge.expires_at = None if pledge.drawn else datetime.fromtimestamp(number(event, "expiresAt"), UTC)
    pledge.tx_hash = event.tx_hash
    pledge.block_number = event.block_number
    session.add(pledge)
    if ours:
        funding.pledge_final(session, ctx, pledge)


def _made_elsewhere(
    session: Session, asset: ReceivableRow | WarehouseReceiptRow, event: ChainEvent
) -> PledgeRow | None:
    """The lender made it itself: it may secure a loan of ours (more collateral), or one that isn't in this book.

    None between parties that this service doesn't know: then the asset shows it as pledged, and the reconciliation.
    """
    lender, pledgor = (party(session, number(event, name)) for name in ("lender", "pledgor"))
    if lender is None or pledgor is None:
        return None
    loans = session.exec(
        select(LoanRow.id).where(LoanRow.lender_id == lender.id, LoanRow.borrower_id == pledgor.id)
    ).all()
    named = [loan_id for loan_id in loans if loan_book.loan_ref(loan_id) == text(event, "loanRef")]
    return PledgeRow(
        id=text(event, "pledgeId"),
        cell=asset.cell,
        loan_id=named[0] if named else None,
        asset_kind="receivable" if isinstance(asset, ReceivableRow) else "warehouse_receipt",
        asset_id=asset.id,
        pledgor_id=pledgor.id,
        lender_id=lender.id,
        amount=number(event, "amount"),
        decision_hash=text(event, "decisionHash"),
        created_at=event.block_time,
    )


def _drawn(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.drawn = True


def _released(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.released += number(event, "amount")
    _end_or_go_on(session, ctx, pledge, "released")


def _discharged(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    pledge.status = "released"
    release.pledge_shrunk(session, ctx, pledge)


def _undertaken(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    buyer = party(session, number(event, "buyer"))
    if buyer is not None:
        # in the place of one that has lapsed or was kept in full
        session.merge(
            UndertakingRow(
                pledge_id=pledge.id,
                buyer_id=buyer.id,
                amount=number(event, "amount"),
                left=number(event, "amount"),
                until=EPOCH + timedelta(days=number(event, "untilDay")),
                document_root=text(event, "documentRoot"),
                created_at=event.block_time,
            )
        )


def _bought_back(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    """Whoever undertook it paid the lender and has what was pledged: that the asset's own event moves (Taken)."""
    buyer = party(session, number(event, "buyer"))
    promise = None if buyer is None else session.get(UndertakingRow, (pledge.id, buyer.id), with_for_update=True)
    if promise is not None:
        promise.left -= number(event, "amount")
        session.add(promise)
    pledge.settled += number(event, "amount")
    _end_or_go_on(session, ctx, pledge, "released")


def _shrunk(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    """A keeper's count found less than was pledged: the goods' own event takes it off the receipt."""
    pledge.lost += number(event, "by")
    _end_or_go_on(session, ctx, pledge, "lost")


def _end_or_go_on(session: Session, ctx: Context, pledge: PledgeRow, ended: str) -> None:
    if pledge.left:
        release.release_what_is_left(session, ctx, pledge)
        return
    pledge.status = ended
    release.pledge_shrunk(session, ctx, pledge)


def _enforced(session: Session, ctx: Context, pledge: PledgeRow, event: ChainEvent) -> None:
    """The lender took what was pledged: it holds it as an asset of its own, and the loan owes on. What that asset
    brings in serves the loan (see `placing`)."""
    pledge.status = "enforced"
    pledge.taken_id = text(event, "childId")
    release.pledge_shrunk(session, ctx, pledge)


def _substituted(session: Session, ctx: Context, event: ChainEvent) -> None:
    """What it does to pledges and assets, Released and Pledged tell."""
    substitution.final(session, text(event, "pledgeId"))


HANDLERS: Handlers = {
    ("Pledges", "Pledged"): _pledged,
    ("Pledges", "Drawn"): _pledge(_drawn),
    ("Pledges", "Released"): _unlocked(_released),
    ("Pledges", "Expired"): _unlocked(_released),
    ("Pledges", "Discharged"): _pledge(_discharged),
    ("Pledges", "Shrunk"): _pledge(_shrunk),
    ("Pledges", "Undertaken"): _pledge(_undertaken),
    ("Pledges", "BoughtBack"): _pledge(_bought_back),
    ("Pledges", "Enforced"): _pledge(_enforced),
    ("Pledges", "Substituted"): _substituted,
}
