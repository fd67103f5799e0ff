"""A loan that nobody pays: after ninety days it earns nothing, and what may be lost is set aside, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pytest

from chainfin.rules import ledger
from chainfin.rules.ledger import Account, Journal
from chainfin.rules.loan import in_order, replay
from chainfin.services.books import journals, loan_book
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from tests.e2e.site import Site, open_site
from tests.e2e.site_books import check_books
from tests.e2e.site_money import CNY

LENT = 500_000_00
UNEARNED = (ledger.INTEREST_SUSPENDED, ledger.PENALTY_SUSPENDED)


@pytest.fixture
def site() -> Iterator[Site]:
    """Of one's own: nobody lends against a debtor that is a year late."""
    with open_site() as site:
        yield site
        site.run()
        check_books(site)


def stands(site: Site, loan_id: str, of: Account) -> int:
    with site.ctx.store.read() as session:
        return journals.balance(session, of, CNY, ref=loan_id).minor


def by_value(posted: Iterable[Journal]) -> dict[tuple[date, str], int]:
    """(value date, account) → what moved there, zeros left out."""
    moved: dict[tuple[date, str], int] = {}
    for journal in posted:
        for entry in journal.entries:
            place = (journal.valued_on, entry.account)
            moved[place] = moved.get(place, 0) + entry.signed
    return {place: net for place, net in moved.items() if net}


def days_late(site: Site, loan_id: str, days: int) -> None:
    """The end of the day on which the loan is so many days past due."""
    (due,) = site.loan(loan_id).loan.schedule.due_dates
    site.move_to(due + timedelta(days=days))
    end_of_day.run(site.ctx, OPERATOR, site.today)


def test_bad_loan__400_days_late__earns_nothing_and_is_provided_for_whole(site: Site) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    fee = stands(site, loan_id, ledger.FEE_RECEIVABLE)
    for days, percent in ((1, 2), (90, 2), (91, 25), (271, 50), (400, 100)):
        days_late(site, loan_id, days)
        loan = site.loan(loan_id).loan
        owed = (loan.dues.interest + loan.dues.overdue_interest).minor
        assert stands(site, loan_id, ledger.ALLOWANCE) == -(-(LENT + fee) * percent // 100), (days, loan.category)
        earned = owed if days <= 90 else 0
        assert stands(site, loan_id, ledger.INTEREST_INCOME) == earned, days
        assert stands(site, loan_id, ledger.INTEREST_SUSPENDED) == owed - earned, "owed all the same"
    assert stands(site, loan_id, ledger.CREDIT_LOSS) == LENT + fee
    site.pays(fee + 1_000_00, f"LOAN {loan_id}")
    income = stands(site, loan_id, ledger.INTEREST_INCOME) + stands(site, loan_id, ledger.PENALTY_INCOME)
    assert income == 1_000_00, "what is paid is earned"


def test_bad_loan__paid_off__all_is_earned_and_nothing_is_set_aside(site: Site) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    days_late(site, loan_id, 120)
    dues = site.loan(loan_id).loan.dues
    site.pays(dues.total.minor, f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    assert [stands(site, loan_id, of) for of in (*UNEARNED, ledger.ALLOWANCE, ledger.CREDIT_LOSS)] == [0, 0, 0, 0]
    assert stands(site, loan_id, ledger.INTEREST_INCOME) == (dues.interest + dues.overdue_interest).minor
    assert stands(site, loan_id, ledger.PENALTY_INCOME) == dues.penalty.minor


def test_bad_loan__payment_read_120_days_late__books_by_value_date_are_those_of_one_read_at_once(site: Site) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    (due,) = site.loan(loan_id).loan.schedule.due_dates
    site.move_to(due + timedelta(days=10))
    site.pays(200_000_00, f"LOAN {loan_id}", step=False)
    days_late(site, loan_id, 130)
    site.run()
    days_late(site, loan_id, 131)
    with site.ctx.store.read() as session:
        row, _ = loan_book.load(session, site.ctx, loan_id)
        told = [happening for _, happening in in_order(loan_book.history(session, row))]
        at_once = replay(loan_book.approved(site.ctx, row), told).journals.values()
        posted = journals.journals(session, loan_id)
    assert any(journal.kind == "correction" for journal in posted)
    assert by_value(posted) == by_value(at_once)
