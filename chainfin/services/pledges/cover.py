"""What secures a loan: how much may be lent on what is pledged for it, at the rate at which it was granted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, select

from chainfin.errors import Refused
from chainfin.rules.facility import Asset, BorrowingBase, LimitKind, borrowing_base
from chainfin.rules.pledge import LIVE, State
from chainfin.services.kernel import in_flight
from chainfin.services.pledges import assets
from chainfin.storage.lending_tables import LimitRow, LoanRow, OfferRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow, SubstitutionRow
from chainfin.values.money import Money

HELD = (State.PENDING, *LIVE)


def base(
    session: Session,
    row: LoanRow,
    rate: Decimal,
    today: date,
    *,
    lost: Mapping[str, Money] | None = None,
    but: frozenset[str] = frozenset(),
) -> BorrowingBase:
    """What may be lent on the loan's live pledges less what they ``lost`` (by pledge): receivables at face, goods at
    the newest price (nothing where none is fresh). What is on its way out of a pledge secures nothing any more.
    ``but``: pledges that are left out."""
    found = []
    for pledge in session.exec(
        select(PledgeRow)
        .where(PledgeRow.loan_id == row.id, PledgeRow.status == State.ACTIVE.value, col(PledgeRow.id).not_in(but))
        .order_by(col(PledgeRow.id))
    ):
        worth = nothing = Money.zero(row.currency)
        with suppress(Refused):
            stays = max(0, pledge.left - in_flight.leaving(session, pledge))
            worth = assets.KINDS[pledge.asset_kind].worth(session, pledge, stays, row.currency, today)
        found.append(Asset(pledge.id, pledge.asset_id, worth - (lost or {}).get(pledge.id, nothing), rate))
    return borrowing_base(found, row.currency)


def advance_rate(session: Session, row: LoanRow) -> Decimal | None:
    """The share of what is pledged that was lent on it, from 0 to 1; None of a loan without security."""
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == row.application_id)).one()
    rate = offer.terms["advance_rate"]
    return None if rate is None else Decimal(str(rate))


def unless_limited(session: Session, lender_id: str, debtor_id: str, amount: Money) -> None:
    """Whether the lender's limit on a debtor carries ``amount`` more. Receivables that took the place of sold goods
    count: nothing was held for them when their loans were granted. Raises Refused limit_missing, limit_exceeded."""
    limit = session.exec(
        select(LimitRow)
        .where(
            LimitRow.lender_id == lender_id,
            LimitRow.kind == LimitKind.DEBTOR.value,
            LimitRow.key == debtor_id,
            LimitRow.currency == amount.currency,
        )
        .with_for_update()
    ).one_or_none()
    if limit is None:
        raise Refused("limit_missing", "the lender has set no limit on the debtor", kind="debtor", key=debtor_id)
    said = limit.amount if limit.lowered_to is None else limit.lowered_to
    room = said - limit.held - limit.used - _exchanged(session, lender_id, debtor_id, amount.currency)
    if amount.minor > room:
        left = Money(max(0, room), amount.currency)
        raise Refused("limit_exceeded", f"{left} is left of the limit on the debtor", kind="debtor", headroom=str(left))


def _exchanged(session: Session, lender_id: str, debtor_id: str, currency: str) -> int:
    """What is pledged, or granted to be, of the debtor's receivables in the place of goods."""
    rows = session.exec(
        select(PledgeRow)
        .join(SubstitutionRow, col(SubstitutionRow.pledge_id) == col(PledgeRow.id))
        .join(ReceivableRow, col(ReceivableRow.id) == col(PledgeRow.asset_id))
        .where(SubstitutionRow.lender_id == lender_id, ReceivableRow.debtor_id == debtor_id)
        .where(ReceivableRow.currency == currency, col(PledgeRow.status).in_([state.value for state in HELD]))
    )
    return sum(pledge.left for pledge in rows)
