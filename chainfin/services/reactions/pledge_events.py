"""Pledges as final events leave them, those made past this service included: what they lock of our assets is locked.

Each event is the act of a rule on the pledge, and of one on its asset, both taken on the chain's word (`CHAIN`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, select

from chainfin.errors import Refusal
from chainfin.rules import pledge as rules
from chainfin.rules import undertaking as promises
from chainfin.rules.authority import CHAIN
from chainfin.rules.pledge import Pledge, State
from chainfin.services.books import loan_book
from chainfin.services.kernel import pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.lending import funding
from chainfin.services.pledges import assets, release, substitution
from chainfin.services.pledges.assets import PledgeableAsset
from chainfin.services.reactions.event_reading import Handler, Handlers, agree, follows, number, party, text
from chainfin.services.trade.receivables import EPOCH
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import PledgeRow, UndertakingRow

Move = Callable[[Session, PledgeableAsset, str, ChainEvent], PledgeableAsset | Refusal]
"""What the rule makes of an asset by an event of a pledge over it, by the id under which the asset's value has that."""
Change = Callable[[Session, Context, Pledge, ChainEvent], Pledge | Refusal]
"""What the rule makes of a pledge by an event, and what else follows; the row is written after it."""


def _pledge(change: Change) -> Handler:
    """A change of a pledge that we know. What is left of it is given up if all of it was to be; an ended one leaves the
    statutory registry."""

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        if session.get(PledgeRow, text(event, "pledgeId")) is not None:
            row = assets.locked_pledge(session, text(event, "pledgeId"))
            before = pledge_rows.value(row)
            after = follows(event, change(session, ctx, before, event))
            pledge_rows.put(session, row, after)
            if after.left != before.left:
                release.end_or_go_on(session, ctx, row)

    return handle


def _moving(move: Move, change: Change) -> Handler:
    """What was pledged goes elsewhere: `move` says how the asset changes, if it is one of ours; then `_pledge`."""
    mine = _pledge(change)

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = assets.found(session, text(event, "assetId"))
        if row is not None:
            asset = assets.of_row(session, row)
            pledge_id = text(event, "pledgeId")
            named = pledge_id if pledge_id in asset.named else pledge_rows.UNNAMED
            follows(event, move(session, asset, named, event)).put(session)
        mine(session, ctx, event)

    return handle


def _freed(session: Session, asset: PledgeableAsset, pledge_id: str, event: ChainEvent) -> PledgeableAsset | Refusal:
    return asset.unpledge(number(event, "amount"), pledge_id=pledge_id, by=CHAIN)


def _taken(session: Session, asset: PledgeableAsset, pledge_id: str, event: ChainEvent) -> PledgeableAsset | Refusal:
    """The lender has all of it, or the buyer what it paid for. Who that is in a pledge that we don't know, the asset's
    own event tells (Taken)."""
    child_id = text(event, "childId")
    if event.name == "Enforced" and pledge_id != pledge_rows.UNNAMED:
        return asset.enforce(pledge_id=pledge_id, child_id=child_id, by=CHAIN, today=CHAIN)
    buyer = party(session, number(event, "buyer")) if "buyer" in event.args else None
    holder = asset.holder_id if buyer is None else buyer.id
    ids = {"pledge_id": pledge_id, "child_id": child_id, "buyer": holder}
    return asset.buy_back(number(event, "amount"), **ids, today=CHAIN)


def _pledged(session: Session, ctx: Context, event: ChainEvent) -> None:
    row = assets.found(session, text(event, "assetId"))
    if row is None:
        return
    asset = assets.of_row(session, row)
    ours = session.get(PledgeRow, text(event, "pledgeId"), with_for_update=True)
    pledge = ours or _made_elsewhere(session, asset, event)
    lender_id = "" if pledge is None else pledge.lender_id
    locked = asset.pledge(number(event, "amount"), pledge_id=text(event, "pledgeId"), lender=lender_id, by=CHAIN)
    if ours is not None and ours.status == State.PENDING:
        row.reserved -= min(ours.amount, row.reserved)
    follows(event, locked).put(session)
    if pledge is None:
        return
    expires_at = number(event, "expiresAt")
    until = datetime.fromtimestamp(expires_at, UTC) if expires_at else None
    pledge_rows.put(session, pledge, follows(event, rules.lock(pledge_rows.value(pledge), expires_at=until)))
    pledge.tx_hash = event.tx_hash
    pledge.block_number = event.block_number
    if ours is not None:
        funding.pledge_final(session, ctx, ours)


def _made_elsewhere(session: Session, asset: PledgeableAsset, event: ChainEvent) -> PledgeRow | None:
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
        cell=asset.row.cell,
        loan_id=named[0] if named else None,
        asset_kind=asset.kind,
        asset_id=asset.row.id,
        pledgor_id=pledgor.id,
        lender_id=lender.id,
        amount=number(event, "amount"),
        decision_hash=text(event, "decisionHash"),
        created_at=event.block_time,
    )


def _drawn(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
    return rules.draw(pledge, by=CHAIN)


def _released(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
    after = rules.release(pledge, number(event, "amount"), by=CHAIN)
    if isinstance(after, Pledge):
        agree(event, number(event, "remaining"), after.left)
    return after


def _expired(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
    agree(event, number(event, "amount"), pledge.left)
    return rules.expire(pledge, by=CHAIN)


def _discharged(session: Session, ctx: Context, event: ChainEvent) -> None:
    """It was paid in full, as the asset's event before it says (Settled)."""
    row = session.get(PledgeRow, text(event, "pledgeId"))
    if row is not None:
        agree(event, State.RELEASED.value, row.status)
        release.end_or_go_on(session, ctx, row)


def _undertaken(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
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
    return rules.may_undertake(pledge, by=CHAIN)


def _bought_back(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
    """Whoever undertook it paid the lender and has what was pledged."""
    amount = number(event, "amount")
    buyer = party(session, number(event, "buyer"))
    promise = None if buyer is None else session.get(UndertakingRow, (pledge.id, buyer.id), with_for_update=True)
    if promise is not None:
        undertaking = promises.Undertaking(promise.buyer_id, promise.left, promise.until)
        promise.left = follows(event, promises.call(undertaking, amount, today=CHAIN)).left
        session.add(promise)
    after = rules.buy_back(pledge, amount, by=CHAIN)
    if isinstance(after, Pledge):
        agree(event, number(event, "remaining"), after.left)
    return after


def _shrunk(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
    """A keeper's count found less than was pledged: the goods' own event takes it off the receipt (Recounted)."""
    after = rules.lose(pledge, number(event, "by"))
    if isinstance(after, Pledge):
        agree(event, number(event, "left"), after.left)
    return after


def _enforced(session: Session, ctx: Context, pledge: Pledge, event: ChainEvent) -> Pledge | Refusal:
    """The lender took what was pledged: it holds it as an asset of its own, and the loan owes on. What that asset
    brings in serves the loan (see `allocation`)."""
    row = session.get_one(PledgeRow, pledge.id)
    row.taken_id = text(event, "childId")
    agree(event, number(event, "amount"), pledge.left)
    return rules.enforce(pledge, by=CHAIN)


def _substituted(session: Session, ctx: Context, event: ChainEvent) -> None:
    """What it does to pledges and assets, Released and Pledged tell."""
    substitution.final(session, text(event, "pledgeId"))


HANDLERS: Handlers = {
    ("Pledges", "Pledged"): _pledged,
    ("Pledges", "Drawn"): _pledge(_drawn),
    ("Pledges", "Released"): _moving(_freed, _released),
    ("Pledges", "Expired"): _moving(_freed, _expired),
    ("Pledges", "Discharged"): _discharged,
    ("Pledges", "Shrunk"): _pledge(_shrunk),
    ("Pledges", "Undertaken"): _pledge(_undertaken),
    ("Pledges", "BoughtBack"): _moving(_taken, _bought_back),
    ("Pledges", "Enforced"): _moving(_taken, _enforced),
    ("Pledges", "Substituted"): _substituted,
}
