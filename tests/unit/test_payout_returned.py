"""A payout that the bank gives back: told in its place by the bank's date, whenever it is heard of."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from chainfin.errors import Refused
from chainfin.rules import ledger
from chainfin.rules.ledger import Journal
from chainfin.rules.loan import Added, Happening, History, Kind, LoanState, approve
from chainfin.values.money import Money
from tests.unit.loans import BULLET, START, cny

ZERO = cny("0")
APPROVED = approve("L1", "lender", "borrower", BULLET)


def at(days: int) -> date:
    return START + timedelta(days=days)


PAID_OUT = Happening(Kind.DISBURSE, START, ZERO)
BACK = Happening(Kind.PAYOUT_RETURNED, at(5), ZERO)


def heard(*happenings: Happening) -> tuple[Added, list[Journal]]:
    """The last of them, and all that was posted."""
    history, posted = History(APPROVED), list[Journal]()
    for happening in happenings:
        added = history.hear(happening)
        posted += added.journals
    return added, posted


def by_value(posted: list[Journal]) -> dict[tuple[date, str, str], int]:
    sums: Counter[tuple[date, str, str]] = Counter()
    for journal in posted:
        for entry in journal.entries:
            sums[journal.valued_on, entry.account, entry.party] += entry.signed
    return {line: net for line, net in sums.items() if net}


def end_of(days: int) -> Happening:
    return Happening(Kind.ACCRUE, at(days), ZERO)


def test_returned__days_were_accrued_after_it__books_as_if_heard_of_in_time() -> None:
    late, posted = heard(PAID_OUT, end_of(3), end_of(9), BACK)
    _, in_time = heard(PAID_OUT, end_of(3), end_of(5), BACK, end_of(9))
    assert late.loan.state is LoanState.CANCELLED
    assert late.loan.dues.total == ZERO
    assert by_value(posted) == by_value(in_time)
    assert {entry.account: 0 for journal in posted for entry in journal.entries} == {
        entry.account: sum(e.signed for j in posted for e in j.entries if e.account == entry.account)
        for journal in posted
        for entry in journal.entries
    }, "nothing is owed, earned or gone"


@pytest.mark.parametrize("kind", [Kind.PAY_BORROWER, Kind.PAY_DEBTOR])
def test_returned__a_payment_of_later_was_taken__all_of_it_is_owed_back(kind: Kind) -> None:
    holder = "holder" if kind is Kind.PAY_DEBTOR else ""
    paid = Happening(kind, at(8), cny("2000"), "P1", holder)
    late, posted = heard(PAID_OUT, paid, BACK)
    (changed,) = late.changed
    assert (changed.taken.happening.payment, changed.more) == ("P1", cny("2000"))
    assert changed.taken.allocation.allocated == ZERO
    owed = sum(
        -entry.signed
        for journal in posted
        for entry in journal.entries
        if (entry.account, entry.party) == (ledger.HOLDER_PAYABLE.code, holder or "borrower")
    )
    assert owed == cny("2000").minor


def test_returned__a_payment_of_before_was_taken__a_person_decides() -> None:
    with pytest.raises(Refused) as refused:
        heard(PAID_OUT, Happening(Kind.PAY_BORROWER, at(2), cny("2000"), "P1"), BACK)
    assert refused.value.code == "loan_paid_on"


@pytest.mark.parametrize("before", [(), (end_of(9),)], ids=["in time", "late"])
def test_returned__its_own_journal__is_in_the_lenders_book_on_the_banks_day(before: tuple[Happening, ...]) -> None:
    added, _ = heard(PAID_OUT, *before, BACK)
    (own,) = [journal for journal in added.journals if journal.kind == "payout_returned"]
    assert (own.book, own.valued_on, own.key) == ("lender", at(5), "returned:L1")
    assert Money(sum(e.signed for e in own.entries if e.account == ledger.CASH.code), "CNY") == BULLET.principal
