"""Up to which day the bank has told of every payment: nobody is in default before its closing statement is in. The word
is its rail's, or that of its statements (camt.053), whichever of the two goes further."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session

from chainfin.errors import Conflict, Refused
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Context
from chainfin.storage.party_tables import FactRow
from chainfin.values.calendar import Adjustment

SOURCE = "bank_feed"
"""The source of what the bank says of its feed as a whole and can't be true."""
_FACT = "bank_statement"


def through(session: Session) -> date | None:
    """The last business date of which all payments are known, by the bank's signed word."""
    row = session.get(FactRow, _FACT)
    return None if row is None else date.fromisoformat(str(row.value["through"]))


def covers(session: Session, day: date) -> bool:
    """Whether all payments of ``day`` are known; before, one in time may still be told of."""
    known = through(session)
    return known is not None and known >= day


def believed(ctx: Context, told_until: datetime | None) -> datetime | None:
    """The bank's word on how far it has told of its payments, if that can be true. A time to come (or before there were
    any) would let everybody act on payments that nobody has told of: it is put aside for a person, and there is no
    word. Once for each day that is named, however often it is said."""
    if told_until is None or ctx.clock.plausible(told_until):
        return told_until
    word = told_until.isoformat()
    payload = parking.as_payload({"through": told_until.date().isoformat()})
    detail = f"the bank says that it has told of all payments through {word}"
    item = parking.Item(SOURCE, "bank_through", word, payload, code="bank_through_implausible", detail=detail)
    with ctx.store.read() as session:
        seen = parking.is_parked(session, item)
    if not seen:
        with ctx.store.begin() as session:
            parking.park(session, item, now=ctx.clock.now())
    return None


def news(ctx: Context, told_until: datetime) -> bool:
    """Whether the bank's word that it told of all before ``told_until`` completes a day that wasn't."""
    with ctx.store.read() as session:
        known = through(session)
    return known is None or _whole(ctx, told_until) > known


def note(session: Session, ctx: Context, told_until: datetime) -> None:
    """Keep the bank's word; it never goes back."""
    note_day(session, _whole(ctx, told_until))


def note_day(session: Session, day: date) -> None:
    """All payments through ``day`` are told of; never less than was told before."""
    known = through(session)
    if known is None or day > known:
        session.merge(FactRow(name=_FACT, value={"through": day.isoformat()}))


def _whole(ctx: Context, told_until: datetime) -> date:
    return ctx.clock.day_of(told_until) - timedelta(days=1)


def unless_in_time(session: Session, ctx: Context, due: date) -> None:
    """Whoever acts on a debt that wasn't paid waits until it is late and the bank has told of all payments of its last
    day, the due day or the next business day. Raises Refused not_yet_due; Conflict bank_statement_missing."""
    deadline = ctx.calendar.adjust(due, Adjustment.FOLLOWING)
    if ctx.clock.today() <= deadline or ctx.clock.chain_day() <= due:
        raise Refused("not_yet_due", f"it is due on {deadline}", due_date=deadline.isoformat())
    unless_open(session, deadline)


def unless_open(session: Session, deadline: date) -> None:
    """Raises Conflict bank_statement_missing: a payment of the ``deadline`` may still be told of."""
    if not covers(session, deadline):
        raise Conflict("bank_statement_missing", f"the bank hasn't told of all payments through {deadline} yet")
