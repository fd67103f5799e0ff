"""Loans as values, told from what happened to them; every happening is stored with the journals that it posts.

Nothing stores what is owed: it follows from the terms and the happenings in the order of their value dates, and the
ledger must agree. See `rules.loan.history`.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from chainfin.errors import NotFound
from chainfin.hashing import keccak
from chainfin.rules.loan import (
    Added,
    Changed,
    Happening,
    Kind,
    Loan,
    LoanState,
    LoanTerms,
    Step,
    Taken,
    add,
    approve,
    in_order,
    replay,
    steps,
)
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import IncomingRow, LoanEventRow, LoanRow, RepaymentRow
from chainfin.storage.store import moves
from chainfin.values.money import Money


def loan_ref(loan_id: str) -> str:
    """The loan's reference on chain: keccak256 of its (unguessable) id."""
    return "0x" + keccak(loan_id.encode()).hex()


def load(session: Session, ctx: Context, loan_id: str, *, lock: bool = False) -> tuple[LoanRow, Loan]:
    """The row and the loan as of its last happening. Raises NotFound loan_unknown."""
    row = session.get(LoanRow, loan_id, with_for_update=lock or None)
    if row is None:
        raise NotFound("loan_unknown", f"there is no loan {loan_id}")
    return row, replay(approved(ctx, row), history(session, row)).loan


def approved(ctx: Context, row: LoanRow) -> Loan:
    """The loan before anything happened to it."""
    terms = LoanTerms.from_json(row.terms, ctx.calendar)
    return approve(row.id, row.lender_id, row.borrower_id, terms, impaired_from=row.impaired_from)


def as_of(session: Session, ctx: Context, row: LoanRow, on: date) -> Loan:
    """The loan as it stood at the start of the value date ``on``, and with what happened on that day."""
    before = [each for _, each in in_order(history(session, row)) if each.on <= on]
    return replay(approved(ctx, row), [*before, Happening(Kind.ACCRUE, on, Money.zero(row.currency))]).loan


def history(session: Session, row: LoanRow) -> list[Happening]:
    """What happened to the loan, in the order in which it was heard of."""
    return [
        Happening(
            Kind(event.kind), event.on, Money(event.amount, row.currency), event.payment, event.holder, event.whole
        )
        for event in events(session, row.id)
    ]


def by_value(session: Session, ctx: Context, row: LoanRow) -> list[tuple[LoanEventRow, Step]]:
    """What happened to the loan in the order of value dates, each with the loan before and after it."""
    heard = events(session, row.id)
    return [(heard[step.place], step) for step in steps(approved(ctx, row), history(session, row))]


def events(session: Session, loan_id: str) -> list[LoanEventRow]:
    """The rows of what happened to the loan, in the order in which it was heard of."""
    query = select(LoanEventRow).where(LoanEventRow.loan_id == loan_id).order_by(col(LoanEventRow.seq))
    return list(session.exec(query).all())


def record(
    session: Session, ctx: Context, row: LoanRow, new: Happening, *, incoming: IncomingRow | None = None
) -> Added:
    """``new`` is heard of (the row is locked by the caller): keep it, post what it leads to, move the loan's state.
    ``incoming``: the payment that a repayment came by.

    An event that is reported late is inserted at its value date, and the difference to the books is posted as
    corrections. Raises what `rules.loan.history.add` raises.
    """
    known = history(session, row)
    done = add(approved(ctx, row), known, new)
    now = ctx.clock.now()
    session.add(
        LoanEventRow(
            loan_id=row.id,
            seq=len(known) + 1,
            kind=new.kind.value,
            on=new.on,
            amount=new.amount.minor,
            payment=new.payment,
            holder=new.holder,
            created_at=now,
        )
    )
    journals.post_all(session, done.journals, now=now, payment=None if incoming is None else incoming.id)
    funding_accounts.follow(session, ctx, row, done.journals)
    moves(session, row, row.status)
    row.status = done.loan.state.value
    if new.kind is Kind.DISBURSE:
        row.start_date = new.on
        row.funded_at = now
    if new.kind is Kind.START_MOVED:
        row.start_date = new.on
    if done.loan.state is LoanState.REPAID and row.closed_at is None:
        row.closed_at = now
    session.add(row)
    for changed in done.changed:
        _respread(session, row, changed)
    session.flush()
    return done


def _respread(session: Session, row: LoanRow, changed: Changed) -> None:
    """A payment that was spread otherwise before: its row says how it is spread now."""
    kept = session.exec(
        select(RepaymentRow)
        .join(IncomingRow, col(IncomingRow.id) == col(RepaymentRow.incoming_id))
        .where(RepaymentRow.loan_id == row.id, IncomingRow.book_ref == changed.taken.happening.payment)
    ).one()
    kept.amount, kept.allocation = spread(changed.taken)
    session.add(kept)


def spread(taken: Taken) -> tuple[int, dict[str, object]]:
    """What the loan has of a payment (of a debtor's with the holder's rest), and its way through the waterfall."""
    allocation, of_debtor = taken.allocation, taken.happening.kind is Kind.PAY_DEBTOR
    parts: dict[str, object] = {due.value: str(part) for due, part in allocation.parts}
    zero = Money.zero(allocation.remainder.currency)
    parts["to_holder"] = str(allocation.remainder if of_debtor else zero)
    if taken.rebate is not None:
        parts["rebate"] = str(taken.rebate.total)
    return (taken.happening.amount if of_debtor else allocation.allocated).minor, parts
