"""What open offers on one asset mean for a new one: together they promise no more than the asset can carry.

An offer that the borrower can't or needn't take any more gives way to a new one: of the same lender on the same asset,
and of anybody who doesn't hold the asset now. Other lenders' offers stay, and what they would pledge isn't free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from chainfin.rules.application import Event, State
from chainfin.services.kernel.context import Context
from chainfin.services.lending import application_state, limits, progress
from chainfin.storage import locks
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, OfferRow
from chainfin.storage.trade_tables import ActRow


@dataclass(frozen=True, slots=True)
class OpenOffers:
    """``superseded``: those that give way. ``promised``: of the asset, to others. ``freed``: what the first ones hold,
    by limit."""

    superseded: tuple[ApplicationRow, ...] = ()
    promised: int = 0
    freed: Mapping[str, int] = field(default_factory=dict)


def on_asset(session: Session, row: ApplicationRow) -> OpenOffers:
    """The open offers on the application's asset, locked; of two decisions on one asset one comes first."""
    if row.asset_id is None:
        return OpenOffers()
    locks.named(session, f"offers:{row.asset_id}")
    found = session.exec(
        select(ApplicationRow, OfferRow.pledge_amount)
        .where(ApplicationRow.asset_id == row.asset_id, ApplicationRow.status == State.OFFERED.value)
        .where(col(OfferRow.application_id) == col(ApplicationRow.id), OfferRow.status == "open")
        .order_by(col(ApplicationRow.id))
        .with_for_update(key_share=True)
    ).all()
    gone = [each for each, _ in found if each.lender_id == row.lender_id or each.borrower_id != row.borrower_id]
    left = sum(amount for each, amount in found if each not in gone)
    freed: Counter[str] = Counter()
    held = select(HoldRow).where(col(HoldRow.application_id).in_([each.id for each in gone]), HoldRow.state == "held")
    for hold in session.exec(held):
        freed[hold.limit_id] += hold.amount
    return OpenOffers(tuple(gone), left, freed)


def supersede(session: Session, ctx: Context, known: OpenOffers, by: ApplicationRow) -> None:
    """The new offer is made: the older ones are withdrawn, and what they held is free."""
    for row in known.superseded:
        close(session, ctx, row, Event.WITHDRAW, {"superseded_by": by.id})


def close(
    session: Session, ctx: Context, row: ApplicationRow, event: Event, detail: Mapping[str, object] | None = None
) -> None:
    """End an application that waits for its borrower or the lender's desk; what it held is free."""
    application_state.move(session, ctx, row, event)
    state = row.status
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.id)).one_or_none()
    if offer is not None:
        offer.status = state
        session.add(offer)
        act = session.get_one(ActRow, offer.act_id)
        act.status = "expired"
        session.add(act)
    limits.free(session, ctx, row.id)
    progress.end_open(session, ctx, row, state)
    progress.at_once(session, ctx, row, state, state, detail=detail)
