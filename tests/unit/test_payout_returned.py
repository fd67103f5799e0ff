"""A payout that the bank gives back: told in its place by the bank's date, whenever it is heard of."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

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


PAYMENTS = {
    "a part, before": (Happening(Kind.PAY_BORROWER, at(2), cny("2000"), "P1"),),
    "a part, on the day": (Happening(Kind.PAY_BORROWER, at(5), cny("2000"), "P1"),),
    "all and more, before": (Happening(Kind.PAY_BORROWER, at(3), cny("900000000"), "P1"),),
    "the debtor's, before": (Happening(Kind.PAY_DEBTOR, at(2), cny("2000"), "P1", "holder"),),
    "the debtor's, above all": (Happening(Kind.PAY_DEBTOR, at(2), cny("900000000"), "P1", "holder"),),
    "several, on both sides": (
        Happening(Kind.PAY_BORROWER, at(2), cny("2000.01"), "P1"),
        Happening(Kind.PAY_DEBTOR, at(3), cny("777.77"), "P2", "holder"),
        Happening(Kind.PAY_BORROWER, at(8), cny("31.07"), "P3"),
    ),
}


@pytest.mark.parametrize("paid", PAYMENTS.values(), ids=PAYMENTS.keys())
def test_returned__payments_were_taken__each_is_owed_back_to_the_fen(paid: tuple[Happening, ...]) -> None:
    history, posted, kept = History(APPROVED), list[Journal](), Counter[str]()
    for happening in (PAID_OUT, *paid):
        added = history.hear(happening)
        posted += added.journals
        if added.taken is not None:
            kept[happening.payment] = (happening.amount - added.allocation.remainder).minor
    added = history.hear(BACK)
    posted += added.journals
    assert added.loan.state is LoanState.CANCELLED
    assert {each.taken.happening.payment: each.more.minor for each in added.changed} == {
        k: v for k, v in kept.items() if v
    }
    assert all(each.taken.allocation.allocated == ZERO for each in added.changed)
    owed = Counter[str]()  # what a debtor pays is in the book whole, what a borrower pays too much never is
    for happening in paid:
        whole = happening.kind is Kind.PAY_DEBTOR
        owed[happening.holder or "borrower"] += happening.amount.minor if whole else kept[happening.payment]
    sums: Counter[tuple[str, str]] = Counter()
    for journal in posted:
        for entry in journal.entries:
            sums[entry.account, entry.party] += entry.signed
    payable = {party: -net for (account, party), net in sums.items() if net and account == ledger.HOLDER_PAYABLE.code}
    cash = {party: net for (account, party), net in sums.items() if net and account == ledger.CASH.code}
    assert payable == cash == dict(owed), "held for whose it is, and nothing of it is the lender's"
    others = {line: net for line, net in sums.items() if line[0] not in (ledger.HOLDER_PAYABLE.code, ledger.CASH.code)}
    assert not any(others.values()), "nothing is owed on the loan, and nothing earned"


@pytest.mark.parametrize("paid", PAYMENTS.values(), ids=PAYMENTS.keys())
def test_returned__heard_of_before_or_after_the_payments__the_same_books(paid: tuple[Happening, ...]) -> None:
    """By value date; but what a borrower pays on a loan that is known to be none never gets into the loan's books."""
    _, late = heard(PAID_OUT, *paid, BACK)
    history, posted = History(APPROVED), list[Journal]()
    for happening in (PAID_OUT, BACK, *paid):
        posted += history.hear(happening).journals

    def but_claims(journals: list[Journal]) -> dict[tuple[date, str, str], int]:
        return by_value([journal for journal in journals if journal.kind != "claim"])

    assert but_claims(late) == but_claims(posted)


@pytest.mark.parametrize("before", [(), (end_of(9),)], ids=["in time", "late"])
def test_returned__its_own_journal__is_in_the_lenders_book_on_the_banks_day(before: tuple[Happening, ...]) -> None:
    added, _ = heard(PAID_OUT, *before, BACK)
    (own,) = [journal for journal in added.journals if journal.kind == "payout_returned"]
    assert (own.book, own.valued_on, own.key) == ("lender", at(5), "returned:L1")
    assert Money(sum(e.signed for e in own.entries if e.account == ledger.CASH.code), "CNY") == BULLET.principal
