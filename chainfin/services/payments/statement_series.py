"""Statements that came in another order than the bank counts them: once the series is complete, nothing is missing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, select

from chainfin.rules.parked_item import ParkedState
from chainfin.services.kernel import parking
from chainfin.storage.bank_tables import BankEntryRow, BankStatementRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values.money import Money

OUT_OF_ORDER = ("sequence_gap", "sequence_back")


def mend(session: Session, new: BankStatementRow) -> None:
    """``new`` was taken in: statements that didn't follow for their number alone, and now do, follow. What was behind
    that (balances that don't join, entries that don't add up) is their difference then."""
    before: BankStatementRow | None = None
    for row in _series(session, new):
        if row.difference in OUT_OF_ORDER and row.parked_id is not None and _is_next(before, row):
            _mend(session, before, row)
        before = row


def _series(session: Session, new: BankStatementRow) -> Iterator[BankStatementRow]:
    query = select(BankStatementRow).where(
        BankStatementRow.account == new.account,
        BankStatementRow.currency == new.currency,
        BankStatementRow.kind == new.kind,
        col(BankStatementRow.sequence).is_not(None),
    )
    number = (col(BankStatementRow.sequence), col(BankStatementRow.page), col(BankStatementRow.id))
    return iter(session.exec(query.order_by(*number)).all())


def _is_next(before: BankStatementRow | None, row: BankStatementRow) -> bool:
    """Whether its number comes right after; the first of all has nothing to come after but its own page 1."""
    if before is None or before.sequence is None:
        return row.page == 1
    expected = (before.sequence + 1, 1) if before.last_page else (before.sequence, before.page + 1)
    return (row.sequence, row.page) == expected


def _mend(session: Session, before: BankStatementRow | None, row: BankStatementRow) -> None:
    item = session.get_one(ParkedItemRow, row.parked_id, with_for_update=True)
    if item.status != ParkedState.OPEN:
        return  # a person has said what it is
    code, minor = _left(session, before, row)
    row.difference, row.difference_minor = code, minor
    if code is None:
        parking.resolve(session, item, "system", "the statements before it have come")
    else:
        amount = Money(minor, row.currency)
        item.reason, item.detail = code, f"now that its place is known: {amount} {row.currency}"
        session.add(item)
    session.add(row)


def _left(session: Session, before: BankStatementRow | None, row: BankStatementRow) -> tuple[str | None, int]:
    """What doesn't fit beside its number: (code, minor units), as `connectors.iso20022.continuity` names it."""
    if row.opening is None or row.closing is None:
        closed = None if before is None else before.closing
        none = (closed, row.opening, row.closing) == (None, None, None)  # as notifications have
        return (None, 0) if none else ("balance_missing", 0)
    if before is not None and before.closing is None:
        return "balance_missing", 0
    if before is not None and before.closing is not None and before.closing != row.opening:
        return "opening_differs", row.opening - before.closing
    moved = session.exec(select(BankEntryRow.amount).where(BankEntryRow.statement_id == row.id)).all()
    differs = sum(each or 0 for each in moved) - (row.closing - row.opening)
    return ("sum_differs", differs) if differs else (None, 0)
