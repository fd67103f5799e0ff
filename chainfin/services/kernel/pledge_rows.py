"""Rows of pledges as the rules see them, and written back; which of them an asset has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from chainfin.rules.pledge import LIVE, Pledge, State
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.store import moves

LIVE_STATUS: Final = tuple(state.value for state in LIVE)
"""Of rows under which something is locked on chain."""
UNNAMED: Final = ""
"""Id that stands for all that parties unknown to this service have pledged of an asset: the chain doesn't say it here
one by one. No act of a party can name it."""


def value(row: PledgeRow) -> Pledge:
    """The pledge as the rules see it. What isn't told by its other amounts, an enforced one's lender has taken."""
    gone = row.released + row.settled + row.lost
    state = State(row.status)
    return Pledge(
        id=row.id,
        pledgor=row.pledgor_id,
        lender=row.lender_id,
        amount=row.amount,
        state=state,
        drawn=row.drawn,
        released=row.released,
        settled=row.settled,
        lost=row.lost,
        taken=row.amount - gone if state is State.ENFORCED else 0,
        expires_at=row.expires_at,
    )


def put(session: Session, row: PledgeRow, pledge: Pledge) -> None:
    """The row says what the value says."""
    moves(session, row, row.status)
    row.status = pledge.state.value
    row.drawn = pledge.drawn
    row.expires_at = pledge.expires_at
    row.released = pledge.released
    row.settled = pledge.settled
    row.lost = pledge.lost
    session.add(row)


def live(session: Session, asset_id: str) -> Sequence[PledgeRow]:
    """The pledges over an asset under which something is locked, in the order in which the chain took them."""
    query = (
        select(PledgeRow)
        .outerjoin(
            ChainEventRow, (col(ChainEventRow.subject) == col(PledgeRow.id)) & (col(ChainEventRow.name) == "Pledged")
        )
        .where(PledgeRow.asset_id == asset_id, col(PledgeRow.status).in_(LIVE_STATUS))
        .order_by(col(ChainEventRow.block_number), col(ChainEventRow.log_index), col(PledgeRow.id))
    )
    return session.exec(query).all()


def taken_as(session: Session, asset_id: str) -> PledgeRow | None:
    """The pledge under which a lender took the asset on default, to serve a loan of this book; locks nothing."""
    taken = select(PledgeRow).where(PledgeRow.taken_id == asset_id, col(PledgeRow.loan_id).is_not(None))
    return session.exec(taken).one_or_none()
