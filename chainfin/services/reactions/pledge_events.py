"""Pledges as final events leave them, those made past this service included: what they lock of our assets is locked.

Each event is the act of a rule on the pledge, and of one on its asset, both taken on the chain's word (`CHAIN`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias, TypeVar

from sqlmodel import Session, select

from chainfin.errors import Refusal
from chainfin.eth.bindings import pledges_acts, pledges_events
from chainfin.rules import pledge as rules
from chainfin.rules import undertaking as promises
from chainfin.rules.authority import CHAIN
from chainfin.rules.pledge import Pledge, State
from chainfin.services.books import loan_book
from chainfin.services.kernel import acts, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.lending import disbursement, margin_calls
from chainfin.services.pledges import assets, realisation, release, substitution
from chainfin.services.pledges.assets import PledgeableAsset
from chainfin.services.reactions.event_reading import Handlers, agree, follows, on, party
from chainfin.services.trade.receivables import EPOCH
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow

Outcome: TypeAlias = Pledge | Refusal
AssetOutcome: TypeAlias = PledgeableAsset | Refusal


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
    change: Callable[[Session, Pledge, P, ChainEvent], Outcome],
) -> Callable[[Session, Context, P, ChainEvent], None]:
    """A change of a pledge that we know: ``change`` is what the rule makes of it by an event, and what else follows.
    The row is written after it. What is left of it is given up if all of it was to be; an ended one leaves the
    statutory registry. Nobody is asked any more to sign that it was paid out on."""

    def follow(session: Session, ctx: Context, args: P, event: ChainEvent) -> None:
        if session.get(PledgeRow, args.pledge_id) is not None:
            row = assets.locked_pledge(session, args.pledge_id)
            before = pledge_rows.value(row)
            after = follows(event, change(session, before, args, event))
            pledge_rows.put(session, row, after)
            refusal = rules.draw(after, by=row.lender_id)
            if isinstance(refusal, Refusal):
                acts.overtaken(session, ctx, pledges_acts.Draw, row.id, refusal.message)
            if after.left != before.left:
                release.end_or_go_on(session, ctx, row)

    return follow


def _moving(
    move: Callable[[Session, PledgeableAsset, str, U], AssetOutcome],
    change: Callable[[Session, Pledge, U, ChainEvent], Outcome],
) -> Callable[[Session, Context, U, ChainEvent], None]:
    """What was pledged goes elsewhere; then `_pledge`. ``move`` is what the rule makes of the asset, if it is one of
    ours, by the id under which the asset's value has the pledge."""
    mine = _pledge(change)

    def follow(session: Session, ctx: Context, args: U, event: ChainEvent) -> None:
        row = assets.found(session, args.asset_id)
        if row is not None:
            asset = assets.of_row(session, row)
            named = args.pledge_id if args.pledge_id in asset.named else pledge_rows.UNNAMED
            follows(event, move(session, asset, named, args)).put(session)
        mine(session, ctx, args, event)

    return follow


_Freeing: TypeAlias = pledges_events.Released | pledges_events.PaidOff | pledges_events.Expired


def _freed(session: Session, asset: PledgeableAsset, pledge_id: str, args: _Freeing) -> AssetOutcome:
    return asset.unpledge(args.amount, pledge_id=pledge_id, by=CHAIN)


def _taken(session: Session, asset: PledgeableAsset, pledge_id: str, args: pledges_events.Enforced) -> AssetOutcome:
    """The lender has all of it. Who that is in a pledge that we don't know, the asset's own event tells (Taken)."""
    if pledge_id == pledge_rows.UNNAMED:
        ids = {"pledge_id": pledge_id, "child_id": args.child_id, "buyer": asset.holder_id}
        return asset.buy_back(args.amount, **ids, today=CHAIN)
    return asset.enforce(pledge_id=pledge_id, child_id=args.child_id, by=CHAIN, today=CHAIN)


def _bought(session: Session, asset: PledgeableAsset, pledge_id: str, args: pledges_events.BoughtBack) -> AssetOutcome:
    """The buyer has what it paid for. One that we don't know the asset's own event names (Taken)."""
    buyer = party(session, args.buyer)
    ids = {"pledge_id": pledge_id, "child_id": args.child_id, "buyer": asset.holder_id if buyer is None else buyer.id}
    return asset.buy_back(args.amount, **ids, today=CHAIN)


def _pledged(session: Session, ctx: Context, args: pledges_events.Pledged, event: ChainEvent) -> None:
    row = assets.found(session, args.asset_id)
    if row is None:
        return
    asset = assets.of_row(session, row)
    ours = session.get(PledgeRow, args.pledge_id, with_for_update=True)
    pledge = ours or _made_elsewhere(session, asset, args, event)
    lender_id = "" if pledge is None else pledge.lender_id
    locked = asset.pledge(args.amount, pledge_id=args.pledge_id, lender=lender_id, by=CHAIN)
    if ours is not None and ours.status == State.PENDING:
        row.reserved -= min(ours.amount, row.reserved)
    follows(event, locked).put(session)
    if pledge is None:
        return
    until = datetime.fromtimestamp(args.expires_at, UTC) if args.expires_at else None
    pledge_rows.put(session, pledge, follows(event, rules.lock(pledge_rows.value(pledge), expires_at=until)))
    pledge.tx_hash = event.tx_hash
    pledge.block_number = event.block_number
    if ours is not None:
        disbursement.pledge_final(session, ctx, ours)
    margin_calls.moved(session, ctx, pledge, f"pledge in block {event.block_number}", less=False)


def _made_elsewhere(
    session: Session, asset: PledgeableAsset, args: pledges_events.Pledged, event: ChainEvent
) -> PledgeRow | None:
    """The lender made it itself: it may secure a loan of ours (more collateral), or one that isn't in this book.

    None between parties that this service doesn't know: then the asset shows it as pledged, and the reconciliation.
    """
    lender, pledgor = (party(session, number) for number in (args.lender, args.pledgor))
    if lender is None or pledgor is None:
        return None
    loans = session.exec(
        select(LoanRow.id).where(LoanRow.lender_id == lender.id, LoanRow.borrower_id == pledgor.id)
    ).all()
    named = [loan_id for loan_id in loans if loan_book.loan_ref(loan_id) == args.loan_ref]
    return PledgeRow(
        id=args.pledge_id,
        cell=asset.row.cell,
        loan_id=named[0] if named else None,
        asset_kind=asset.kind,
        asset_id=asset.row.id,
        pledgor_id=pledgor.id,
        lender_id=lender.id,
        amount=args.amount,
        decision_hash=args.decision_hash,
        created_at=event.block_time,
    )


def _drawn(session: Session, pledge: Pledge, args: pledges_events.Drawn, event: ChainEvent) -> Outcome:
    return rules.draw(pledge, by=CHAIN)


def _released(session: Session, pledge: Pledge, args: pledges_events.Released, event: ChainEvent) -> Outcome:
    after = rules.release(pledge, args.amount, by=CHAIN)
    if isinstance(after, Pledge):
        agree(event, args.remaining, after.left)
    return after


def _given_up(session: Session, ctx: Context, args: pledges_events.Released, event: ChainEvent) -> None:
    _moving(_freed, _released)(session, ctx, args, event)
    row = session.get(PledgeRow, args.pledge_id)
    # in a substitution what takes its place comes with the next event
    if row is not None and not substitution.half_done(session, row.id):
        margin_calls.moved(session, ctx, row, f"release in block {event.block_number}")


def _expired(session: Session, pledge: Pledge, args: pledges_events.Expired, event: ChainEvent) -> Outcome:
    agree(event, args.amount, pledge.left)
    return rules.expire(pledge, by=CHAIN)


def _paid_off(session: Session, pledge: Pledge, args: pledges_events.PaidOff, event: ChainEvent) -> Outcome:
    """A bank's word ended it: the loan is repaid, and its lender hadn't signed."""
    agree(event, args.amount, pledge.left)
    return rules.pay_off(pledge, by=CHAIN)


def _discharged(session: Session, ctx: Context, args: pledges_events.Discharged, event: ChainEvent) -> None:
    """It was paid in full, as the asset's event before it says (Settled)."""
    row = session.get(PledgeRow, args.pledge_id)
    if row is not None:
        agree(event, State.RELEASED.value, row.status)
        release.end_or_go_on(session, ctx, row)


def _undertaken(session: Session, pledge: Pledge, args: pledges_events.Undertaken, event: ChainEvent) -> Outcome:
    buyer = party(session, args.buyer)
    if buyer is not None:
        # in the place of one that has lapsed or was kept in full
        session.merge(
            UndertakingRow(
                pledge_id=pledge.id,
                buyer_id=buyer.id,
                amount=args.amount,
                left=args.amount,
                until=EPOCH + timedelta(days=args.until_day),
                document_root=args.document_root,
                created_at=event.block_time,
            )
        )
    return rules.may_undertake(pledge, by=CHAIN)


def _promised(session: Session, ctx: Context, args: pledges_events.Undertaken, event: ChainEvent) -> None:
    _pledge(_undertaken)(session, ctx, args, event)
    row = session.get(PledgeRow, args.pledge_id)
    if row is not None:
        disbursement.undertaken(session, ctx, row)


def _bought_back(session: Session, pledge: Pledge, args: pledges_events.BoughtBack, event: ChainEvent) -> Outcome:
    """Whoever undertook it paid the lender and has what was pledged."""
    amount = args.amount
    buyer = party(session, args.buyer)
    promise = None if buyer is None else session.get(UndertakingRow, (pledge.id, buyer.id), with_for_update=True)
    if promise is not None:
        undertaking = promises.Undertaking(promise.buyer_id, promise.left, promise.until)
        promise.left = follows(event, promises.call(undertaking, amount, today=CHAIN)).left
        session.add(promise)
    after = rules.buy_back(pledge, amount, by=CHAIN)
    if isinstance(after, Pledge):
        agree(event, args.remaining, after.left)
    return after


def _shrunk(session: Session, pledge: Pledge, args: pledges_events.Shrunk, event: ChainEvent) -> Outcome:
    """A keeper's count found less than was pledged: the goods' own event takes it off the receipt (Recounted)."""
    after = rules.lose(pledge, args.by)
    if isinstance(after, Pledge):
        agree(event, args.left, after.left)
    return after


def _lost(session: Session, ctx: Context, args: pledges_events.Shrunk, event: ChainEvent) -> None:
    _pledge(_shrunk)(session, ctx, args, event)
    row = session.get(PledgeRow, args.pledge_id)
    if row is not None:
        margin_calls.moved(session, ctx, row, f"count in block {event.block_number}")


def _enforced(session: Session, pledge: Pledge, args: pledges_events.Enforced, event: ChainEvent) -> Outcome:
    """The lender took what was pledged: it holds it as an asset of its own, and the loan owes on. What that asset
    brings in serves the loan (see `allocation`)."""
    row = session.get_one(PledgeRow, pledge.id)
    row.taken_id = args.child_id
    realisation.taken(session, row)
    agree(event, args.amount, pledge.left)
    return rules.enforce(pledge, by=CHAIN)


def _substituted(session: Session, ctx: Context, args: pledges_events.Substituted, event: ChainEvent) -> None:
    """What it does to pledges and assets, Released and Pledged tell."""
    substitution.final(session, args.pledge_id)


HANDLERS: Handlers = dict(
    [
        on(pledges_events.Pledged, _pledged),
        on(pledges_events.Drawn, _pledge(_drawn)),
        on(pledges_events.Released, _given_up),
        on(pledges_events.PaidOff, _moving(_freed, _paid_off)),
        on(pledges_events.Expired, _moving(_freed, _expired)),
        on(pledges_events.Discharged, _discharged),
        on(pledges_events.Shrunk, _lost),
        on(pledges_events.Undertaken, _promised),
        on(pledges_events.BoughtBack, _moving(_bought, _bought_back)),
        on(pledges_events.Enforced, _moving(_taken, _enforced)),
        on(pledges_events.Substituted, _substituted),
    ]
)
