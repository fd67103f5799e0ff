"""What open offers on one asset mean for a new one: together they promise no more than the asset can carry.

A borrower may draw on one asset in parts, so a new offer stands beside its older ones as long as the asset and the
limits carry them all; what wants more than that takes the place of the same lender's older offers. An offer to somebody
who doesn't hold the asset now always gives way. Other lenders' offers stay, and what they would pledge isn't free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from chainfin.rules import offer as offer_rules
from chainfin.rules.act import ActEvent
from chainfin.rules.application import Event, State
from chainfin.rules.facility import HoldState, LimitKind
from chainfin.rules.mandate import MandateState
from chainfin.rules.offer import OfferEvent, OfferState
from chainfin.services.kernel import act_state
from chainfin.services.kernel.context import Context
from chainfin.services.lending import application_state, limits, progress
from chainfin.services.pledges import assets
from chainfin.storage import locks
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow, MandateRow, OfferRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.product import Product


@dataclass(frozen=True, slots=True)
class OpenOffers:
    """``superseded``: open offers that the new one replaces. ``promised``: how much of the asset the other open offers
    promise. ``freed``: limit → what the superseded offers hold of it."""

    superseded: tuple[ApplicationRow, ...] = ()
    promised: int = 0
    freed: Mapping[str, int] = field(default_factory=dict)


def on_asset(session: Session, row: ApplicationRow) -> tuple[OpenOffers, ...]:
    """The open offers on the application's asset, as the ways in which a new offer may stand: first beside the older
    offers of the same lender to the same borrower; then, where there are such offers, in their place.

    Locks the asset, then its open offers, both before any limit: of several decisions and acceptances on one asset one
    comes first.
    """
    if row.asset_id is None:
        return (OpenOffers(),)
    _one_at_a_time(session, row.asset_id)
    assets.locked_asset(session, str(Product(row.product).asset_kind), row.asset_id)
    found = session.exec(
        select(ApplicationRow, OfferRow.pledge_amount)
        .where(ApplicationRow.asset_id == row.asset_id, ApplicationRow.status == State.OFFERED.value)
        .where(col(OfferRow.application_id) == col(ApplicationRow.id), OfferRow.status == OfferState.OPEN.value)
        .order_by(col(ApplicationRow.id))
        .with_for_update(key_share=True)
    ).all()
    void = [each for each, _ in found if each.borrower_id != row.borrower_id]
    own = [each for each, _ in found if each.borrower_id == row.borrower_id and each.lender_id == row.lender_id]
    ways = []
    for gone in (void, [*void, *own]) if own else (void,):
        promised = sum(amount for each, amount in found if each not in gone)
        ways.append(OpenOffers(tuple(gone), promised, _held(session, gone)))
    return tuple(ways)


def hold(session: Session, application_id: str) -> None:
    """Let an acceptance and the decisions on its asset wait for one another.

    To be called before the offer is locked: a decision locks the asset first and then the open offers on it.
    """
    query = select(ApplicationRow.asset_id).where(
        ApplicationRow.id == application_id, ApplicationRow.status == State.OFFERED.value
    )
    asset_id = session.exec(query).first()
    if asset_id is not None:
        _one_at_a_time(session, asset_id)


def _one_at_a_time(session: Session, asset_id: str) -> None:
    locks.named(session, f"offers:{asset_id}")


def _held(session: Session, applications: Sequence[ApplicationRow]) -> Mapping[str, int]:
    held: Counter[str] = Counter()
    wanted = col(HoldRow.application_id).in_([each.id for each in applications])
    for hold in session.exec(select(HoldRow).where(wanted, HoldRow.state == HoldState.HELD.value)):
        held[hold.limit_id] += hold.amount
    return held


def supersede(session: Session, ctx: Context, known: OpenOffers, by: ApplicationRow) -> None:
    """The new offer is made: the older ones are withdrawn, and what they held is free."""
    for row in known.superseded:
        close(session, ctx, row, Event.WITHDRAW, {"superseded_by": by.id})


def withdraw_under_revoked(ctx: Context, *, limit: int = 100) -> int:
    """End the offers that were made under a mandate that is revoked by now: they can't be taken any more, and what they
    held is free. Returns how many."""
    with ctx.store.read() as session:
        found = session.exec(
            select(ApplicationRow.id, MandateRow.id)
            .join(HoldRow, col(HoldRow.application_id) == col(ApplicationRow.id))
            .join(LimitRow, col(LimitRow.id) == col(HoldRow.limit_id))
            .join(MandateRow, col(MandateRow.id) == col(LimitRow.key))
            .where(LimitRow.kind == LimitKind.MANDATE.value, MandateRow.status == MandateState.REVOKED.value)
            .where(ApplicationRow.status == State.OFFERED.value, HoldRow.state == HoldState.HELD.value)
            .order_by(col(ApplicationRow.id))
            .limit(limit)
        ).all()
    for application_id, mandate_id in found:
        with ctx.store.begin() as session:
            row = session.get_one(ApplicationRow, application_id, with_for_update=True)
            if application_state.of(row) is State.OFFERED:
                close(session, ctx, row, Event.WITHDRAW, {"reason": "mandate_revoked", "mandate_id": mandate_id})
    return len(found)


def close(
    session: Session, ctx: Context, row: ApplicationRow, event: Event, detail: Mapping[str, object] | None = None
) -> None:
    """End an application that waits for its borrower or the lender's underwriter; what it held is free."""
    application_state.move(session, ctx, row, event)
    state = row.status
    ended = OfferEvent.EXPIRE if event is Event.EXPIRE else OfferEvent.WITHDRAW
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.id)).one_or_none()
    if offer is not None:
        offer.status = offer_rules.transition(OfferState(offer.status), ended).value
        session.add(offer)
        act_state.move(session, session.get_one(ActRow, offer.act_id), ActEvent.EXPIRE)
    limits.free(session, ctx, row.id)
    progress.end_open(session, ctx, row, state)
    progress.at_once(session, ctx, row, state, state, detail=detail)
