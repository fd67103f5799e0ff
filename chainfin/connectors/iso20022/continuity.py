"""Whether a statement goes on exactly where the last one ended: nothing missing or doubled, every fen explained."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from chainfin.connectors.iso20022.model import Balance, Kind, Statement
from chainfin.values.money import EXPONENTS


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that doesn't fit. ``minor`` is the sum of money in question, found less expected, in minor units
    of the statement's currency (0 where it isn't about money).

    Codes: kind_differs, account_differs, currency_differs, statement_again (the very same, delivered once more),
    statement_altered (the same number, other content), sequence_missing, sequence_back, sequence_gap, balance_missing,
    opening_differs, sum_differs.
    """

    code: str
    message: str
    minor: int = 0


def follows(previous: Statement | None, statement: Statement) -> Difference | None:
    """None if ``statement`` follows ``previous`` (None: it is the first that is read) and adds up in itself.

    Pages of a statement follow each other like statements. Notifications carry no balances: only their numbers count.
    """
    if previous is None:
        return _adds_up(statement)
    return _place(previous, statement) or _opening(previous.closing, statement) or _adds_up(statement)


def _place(previous: Statement, statement: Statement) -> Difference | None:
    """Same account, next number."""
    for code, before, now in (
        ("kind_differs", previous.kind, statement.kind),
        ("account_differs", previous.account, statement.account),
        ("currency_differs", previous.currency, statement.currency),
    ):
        if before != now:
            return Difference(code, f"the last one is of {before}, this one of {now}")
    if statement.digest == previous.digest:
        return Difference("statement_again", f"{statement.id} was read already")
    altered = Difference("statement_altered", f"{statement.id} was read already, with other content")
    if (statement.id, statement.page) == (previous.id, previous.page):
        return altered
    if statement.sequence is None or previous.sequence is None:
        return Difference("sequence_missing", "without sequence numbers nobody can tell whether one is missing")
    number = (statement.sequence, statement.page)
    if number == (previous.sequence, previous.page):
        return altered
    expected = (previous.sequence + 1, 1) if previous.last_page else (previous.sequence, previous.page + 1)
    if number == expected:
        return None
    code = "sequence_back" if number < expected else "sequence_gap"
    return Difference(code, f"number {_numbered(expected)} was expected, {_numbered(number)} came")


def _opening(closing: Balance | None, statement: Statement) -> Difference | None:
    if statement.kind is Kind.NOTIFICATION:
        return None
    if closing is None or statement.opening is None:
        return Difference("balance_missing", "the last closing or this opening balance is missing")
    before, now = closing.amount.minor, statement.opening.amount.minor
    if before == now:
        return None
    currency = statement.currency
    return Difference(
        "opening_differs",
        f"opened with {_major(now, currency)}, the last one closed with {_major(before, currency)}: "
        f"{_major(now - before, currency)} {currency}",
        now - before,
    )


def _adds_up(statement: Statement) -> Difference | None:
    """Opening balance and booked entries make the closing balance. Parked entries count with what they moved.

    Reckoned in whole numbers: a sum of amounts that each fit 64 bits needn't.
    """
    if statement.kind is Kind.NOTIFICATION:
        return None
    if statement.opening is None or statement.closing is None:
        return Difference("balance_missing", "the opening or the closing balance is missing")
    entries = sum(entry.signed.minor for entry in statement.entries)
    entries += sum(entry.booked.minor for entry in statement.parked if entry.booked is not None)
    moved = statement.closing.amount.minor - statement.opening.amount.minor
    if entries == moved:
        return None
    unread = sum(entry.booked is None for entry in statement.parked)
    currency = statement.currency
    return Difference(
        "sum_differs",
        f"the entries move {_major(entries, currency)}, the balances {_major(moved, currency)}: "
        f"{_major(entries - moved, currency)} {currency}"
        + (f" ({unread} parked entries have no amount that can be read)" if unread else ""),
        entries - moved,
    )


def _numbered(number: tuple[int, int]) -> str:
    return f"{number[0]} page {number[1]}"


def _major(minor: int, currency: str) -> str:
    exponent = EXPONENTS[currency]
    return f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"
