"""End of day: every running loan is accrued to the date, falls overdue where it is, and is called where the goods under
it no longer cover it; run twice, it posts once.

Days that were missed are made up by the next run, each posted to its own date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import col, select

from chainfin.errors import Conflict
from chainfin.progress import Step, silent
from chainfin.rules.loan import Happening, Kind
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.books import daily_root, loan_book
from chainfin.services.books import journals as journals_service
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.lending import margin_calls
from chainfin.storage.lending_tables import EndOfDayRow, LoanRow
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class EndOfDay:
    """What an end of day did. ``repeated``: it had run before, and nothing was posted now. ``unchecked``: loan → why
    nobody can tell what the goods under it are worth (price_missing, price_stale)."""

    business_date: date
    loans: int
    journals: int
    unchecked: Mapping[str, str]
    repeated: bool


BATCH = 200


def run_due(ctx: Context) -> int:
    """What the schedule asks for: the end of day for today, if it hasn't run yet. Returns how many loans ran."""
    today = ctx.clock.today()
    with ctx.store.read() as session:
        last = session.exec(select(func.max(EndOfDayRow.business_date))).one()
    if last is not None and last >= today:
        return 0
    return run(ctx, OPERATOR, today).loans


def run(ctx: Context, actor: Actor, on: date, progress: Step = silent) -> EndOfDay:
    """Accrue all running loans to ``on``. A crash half-way leaves whole loans done; the next run does the rest.

    Raises Forbidden operator_only; Conflict business_date_future, business_date_backwards.
    """
    actor.require_operator()
    if on > ctx.clock.today():
        raise Conflict("business_date_future", f"{on} is not over: today is {ctx.clock.today()}")
    with ctx.store.read() as session:
        standing = session.get(EndOfDayRow, on)
        last = session.exec(select(func.max(EndOfDayRow.business_date))).one()
        if standing is not None:
            return EndOfDay(on, standing.loans, standing.journals, standing.unchecked, repeated=True)
        if last is not None and on < last:
            raise Conflict("business_date_backwards", f"the end of day of {last} was run; {on} is before it")
        running = session.exec(
            select(LoanRow.id).where(col(LoanRow.status).in_([s.value for s in ACCRUING])).order_by(col(LoanRow.id))
        ).all()
    journals, started, unchecked = 0, ctx.clock.now(), dict[str, str]()
    for first in range(0, len(running), BATCH):
        with ctx.store.begin() as session:
            journals_service.lock(session)
            for place, loan_id in enumerate(running[first : first + BATCH], first):
                progress(place, len(running))
                row, loan = loan_book.load(session, ctx, loan_id, lock=True)
                if loan.state in ACCRUING and on > loan.accrued_to:
                    done = loan_book.record(session, ctx, row, Happening(Kind.ACCRUE, on, Money.zero(row.currency)))
                    loan, journals = done.loan, journals + len(done.journals)
                code = margin_calls.check(session, ctx, row, loan, f"end of day {on}")
                if code is not None:
                    unchecked[loan_id] = code
    with ctx.store.begin() as session:
        # two processes may have come here with one day: the loans were shared out between them, the row is one
        journals_service.lock(session)
        made = session.get(EndOfDayRow, on)
        if made is not None:
            made.journals += journals
            return EndOfDay(on, made.loans, made.journals, made.unchecked, repeated=True)
        session.add(
            EndOfDayRow(
                business_date=on,
                loans=len(running),
                journals=journals,
                unchecked=unchecked,
                started_at=started,
                finished_at=ctx.clock.now(),
            )
        )
        daily_root.seal(session, ctx, on)
    return EndOfDay(on, len(running), journals, unchecked, repeated=False)
