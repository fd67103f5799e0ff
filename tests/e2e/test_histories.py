"""Pairs of loans through the services: of one everything is heard of in time, of the other late, doubled and out
of order, with ends of day between. By value date the books of both are the same to the fen; what had left too much or
too little meanwhile is a claim for exactly the difference.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest
from sqlmodel import select

from chainfin.rules import ledger
from chainfin.services.books import journals
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.party_tables import FactRow
from chainfin.values.money import Money
from tests.e2e.ending import mismatches
from tests.e2e.secured import bundle, checked
from tests.e2e.site import Site, open_site
from tests.e2e.site_books import check_books
from tests.e2e.site_money import CNY
from tests.e2e.test_value_dates import backdate

SEED = 20261129
HISTORIES = max(16, int(os.environ.get("CHAINFIN_HISTORIES", "1000")) // 200)
"""Through the services; beside them `tests/properties/test_value_dates.py` takes the rules through all."""
LENT = 400_000_00
LAST = 45
"""Days after the payout on which a payment may be heard of."""
MONEY = {ledger.CASH.code, ledger.SUSPENSE.code, ledger.HOLDER_PAYABLE.code, ledger.CLAIMS.code}
"""Where money is differs while it is not known whose it is; what is owed and earned doesn't."""


@dataclass(frozen=True)
class Paid:
    """On which day after the payout, by whom, how much, and on which day it is first heard of."""

    day: int
    of_debtor: bool
    amount: int
    heard: int


@dataclass
class Loan:
    """A loan, its receivable, and the bank's references of what was paid on it."""

    loan_id: str
    asset_id: str
    refs: list[str] = field(default_factory=list)


@dataclass
class Pair:
    payments: list[Paid]
    in_time: Loan
    late: Loan


@dataclass
class Told:
    site: Site
    pairs: list[Pair]


def payments_of(number: int) -> list[Paid]:
    """At most one a day: which of two of one day came first is for the bank's order to say."""
    random = Random(SEED + number)
    made = []
    for day in random.sample(range(1, 25), random.randint(2, 4)):
        heard = min(LAST, day + random.randint(1, 20))
        share = random.choice((20, 35, 50, 80, 105))
        made.append(Paid(day, random.random() < 0.4, LENT * share // 100, heard))
    return sorted(made, key=lambda each: each.day)


def lent(site: Site) -> Loan:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return Loan(site.funded(borrower, LENT, asset.id), asset.id)


def pay(site: Site, loan: Loan, paid: Paid, on: date) -> None:
    """The bank had it ``on`` that day and tells of it now."""
    text = f"RECEIVABLE {loan.asset_id}" if paid.of_debtor else f"LOAN {loan.loan_id}"
    ref = site.pays(paid.amount, text, step=False)
    backdate(site, ref, on)
    loan.refs.append(ref)


def tell_all_again(site: Site) -> None:
    """The bank's feed from its first line on."""
    with site.ctx.store.begin() as session:
        session.merge(FactRow(name="rail_cursor", value={"sequence": 0}))


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    with open_site() as site:
        pairs = [Pair(payments_of(number), lent(site), lent(site)) for number in range(HISTORIES)]
        start, random = site.today, Random(SEED)
        for day in range(1, LAST + 1):
            today = start + timedelta(days=day)
            site.move_to(today)
            for pair in pairs:
                for paid in pair.payments:
                    if paid.day == day:
                        pay(site, pair.in_time, paid, today)
            late = [(pair, paid) for pair in pairs for paid in pair.payments if paid.heard == day]
            random.shuffle(late)
            for pair, paid in late:
                pay(site, pair.late, paid, start + timedelta(days=paid.day))
            if random.random() < 0.3:
                tell_all_again(site)
            if random.random() < 0.3:
                site.inst.incoming.run_once()  # read before the end of day, else after it
                end_of_day.run(site.ctx, OPERATOR, today)
            if late or any(paid.day == day for pair in pairs for paid in pair.payments):
                site.run()
        site.run()
        yield Told(site, pairs)


def by_value(site: Site, loan_id: str) -> dict[tuple[date, str], int]:
    """Value date and account → what was posted, debit positive."""
    sums: Counter[tuple[date, str]] = Counter()
    query = select(JournalRow, EntryRow).where(EntryRow.journal_id == JournalRow.id, JournalRow.ref == loan_id)
    with site.ctx.store.read() as session:
        for journal, entry in session.exec(query):
            if entry.account not in MONEY:
                sums[journal.value_date, entry.account] += entry.debit - entry.credit
    return {line: net for line, net in sums.items() if net}


def left_again(site: Site, loan: Loan) -> int:
    """What of the payments on a loan has gone back or on, in fen."""
    rows = [
        row
        for ref in loan.refs
        for kind in (PayHolder, Refund)
        for row in site.commands(kind, correlation=site.incoming(ref).id)
    ]
    assert {row.status for row in rows} <= {"done"}
    return sum(Money.parse(str(row.payload["amount"]), CNY).minor for row in rows)


@pytest.mark.parametrize("number", range(HISTORIES))
def test_history__through_the_services_late_doubled_and_out_of_order__the_same_by_value_date(
    told: Told, number: int
) -> None:
    site, pair = told.site, told.pairs[number]
    in_time, late = (site.loan(loan.loan_id) for loan in (pair.in_time, pair.late))
    assert (late.row.status, late.row.start_date) == (in_time.row.status, in_time.row.start_date)
    assert by_value(site, pair.late.loan_id) == by_value(site, pair.in_time.loan_id) != {}
    assert late.loan.dues == in_time.loan.dues
    with site.ctx.store.read() as session:
        claims = journals.balance(session, ledger.CLAIMS, CNY, ref=pair.late.loan_id).minor
    assert left_again(site, pair.late) - claims == left_again(site, pair.in_time)


def test_histories__whatever_order_they_came_in__books_chain_and_bundles_hold(told: Told) -> None:
    site = told.site
    with site.ctx.store.read() as session:
        corrected = set(session.exec(select(JournalRow.ref).where(JournalRow.kind == "correction")).all())
        claimed = set(session.exec(select(JournalRow.ref).where(JournalRow.kind == "claim")).all())
    assert corrected >= claimed != set(), "some of them had to be told again, and money had gone"
    assert corrected <= {pair.late.loan_id for pair in told.pairs}
    check_books(site)
    assert mismatches(site) == []
    for loan_id in sorted(claimed)[:3]:
        assert checked(site, bundle(site, loan_id)).failures == ()
