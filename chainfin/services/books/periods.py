"""Months whose books are closed: what comes later is booked on the first open day, under its own value date."""

from __future__ import annotations

import re
from datetime import date, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict
from chainfin.services.kernel.context import Actor, Context
from chainfin.storage import locks
from chainfin.storage.ledger_tables import JournalRow, PeriodRow
from chainfin.storage.lending_tables import EndOfDayRow
from chainfin.values.calendar import add_months

_PERIOD = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def closed_through(session: Session) -> date | None:
    """The last day of the last closed period."""
    return session.exec(select(func.max(PeriodRow.last_day))).one()


def close(ctx: Context, actor: Actor, period: str) -> PeriodRow:
    """Close the month ``period`` (YYYY-MM). Closing it again gives the row that stands.

    Raises Forbidden operator_only; BadInput period_malformed; Conflict period_not_over, period_not_accrued (the end of
    day after its last day hasn't run), period_before_open (an earlier month with journals is still open).
    """
    actor.require_operator()
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise BadInput("period_malformed", f"{period!r} is no month (YYYY-MM)", where="period")
    first = date(int(found[1]), int(found[2]), 1)
    last = add_months(first, 1) - timedelta(days=1)
    if ctx.clock.today() <= last:
        raise Conflict("period_not_over", f"{period} ends on {last}")
    with ctx.store.begin() as session:
        locks.named(session, locks.BOOK)  # nobody posts meanwhile
        standing = session.get(PeriodRow, period)
        if standing is not None:
            return standing
        accrued = session.exec(select(func.max(EndOfDayRow.business_date))).one()
        if accrued is None or accrued <= last:
            raise Conflict("period_not_accrued", f"the end of day after {last} hasn't run yet")
        _unless_earlier_is_open(session, first)
        row = PeriodRow(period=period, last_day=last, closed_by=actor.party_id or actor.kind, closed_at=ctx.clock.now())
        session.add(row)
        return row


def _unless_earlier_is_open(session: Session, first: date) -> None:
    through = closed_through(session)
    if through is not None and through >= first - timedelta(days=1):
        return
    query = select(func.min(JournalRow.business_date)).where(JournalRow.business_date < first)
    if through is not None:
        query = query.where(JournalRow.business_date > through)
    earliest = session.exec(query).one()
    if earliest is not None:
        raise Conflict("period_before_open", f"{earliest:%Y-%m} is still open")


def closed(ctx: Context) -> list[PeriodRow]:
    """The closed periods, oldest first."""
    with ctx.store.read() as session:
        return list(session.exec(select(PeriodRow).order_by(col(PeriodRow.last_day))).all())
