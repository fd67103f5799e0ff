"""What the bank tells in another order than it happened comes to the same, once all of it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from chainfin.errors import Conflict, Refused
from chainfin.rules import ledger
from chainfin.services.books import loan_book
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from chainfin.services.oversight import parked, reconcile_book, reconcile_payments
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import instructions, payout_day, reversed, reversed_claims
from chainfin.services.reactions import approved
from chainfin.services.reads import queries
from chainfin.storage.ledger_tables import EntryRow
from chainfin.values import instruction
from chainfin.values.party import first_person
from tests.e2e.site import START, Site, open_site
from tests.e2e.site_books import check_funds
from tests.e2e.statements import BACK, LENT, PLACED, Bank, differences, lender_account, lent, odd, take
from tests.e2e.test_bank_folder import answer, deliver, under_way
from tests.unit import bank_samples as bank

BOSS = replace(OPERATOR, person_id=first_person(None))


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as made:
        yield made


@pytest.fixture
def files() -> Iterator[Site]:
    with open_site(bank_folder=True) as made:
        yield made


def test_statements__the_later_one_first__once_all_have_come_nothing_is_missing(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ours = Bank(site, "chainfin-collection")
    first, second, third = (
        ours.statement(ours.entry(minor, asset.reference), moved=minor) for minor in (1_00, 2_00, 3_00)
    )
    for data in (first, third):
        take(site, data)
    assert [item.reason for item in odd(site)] == ["sequence_gap"]
    assert "sequence_gap" in str(differences(site))
    take(site, second)
    assert odd(site) == []
    assert differences(site) == []
    assert site.receivable(asset.id).settled == 6_00


def test_statements__the_second_page_first__named_is_what_is_behind_it(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ours = Bank(site, "chainfin-collection")
    take(site, ours.statement(moved=0))
    second = ours.statement(ours.entry(1_00, asset.reference), moved=1_00)
    ours.balance += 5_00
    third = ours.statement(ours.entry(2_00, asset.reference), moved=2_00)
    take(site, third)
    take(site, second)
    assert [item.reason for item in odd(site)] == ["opening_differs"]
    assert ("bank.statement", "chainfin-collection, ST-3", "opening_differs (5.00 CNY)", "follows") in differences(site)


def test_return__told_before_its_debit__comes_to_nothing(files: Site) -> None:
    application, number = under_way(files)
    ours = Bank(files, lender_account(files))
    deliver(files, "back.xml", ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    assert files.application(application).row.status == "failed"
    deliver(files, "out.xml", ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert odd(files) == []
    assert files.balance(ledger.CASH) == PLACED
    assert differences(files) == []


# the day of a payout


def booked(days: int) -> dict[str, str]:
    """Booked so many days after the beginning."""
    day = START.date() + timedelta(days=days)
    return {"booked": f"<BookgDt><Dt>{day}</Dt></BookgDt>", "valued": f"<ValDt><Dt>{day}</Dt></ValDt>"}


@dataclass(frozen=True)
class Ran:
    """A loan's start and what its book says it earned by a day."""

    start: str
    interest: int
    by_value: int


def ran(site: Site, loan_id: str, days: int) -> Ran:
    site.move_to(START.date() + timedelta(days=days))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    lent = site.loan(loan_id)
    interest = site.balance(ledger.INTEREST_RECEIVABLE, ref=loan_id)
    return Ran(str(lent.row.start_date), interest, lent.loan.dues.total.minor)


def test_payout__booked_earlier_than_it_is_heard_of__the_loan_runs_from_the_banks_day(files: Site) -> None:
    application, number = under_way(files)
    files.move_to(START.date() + timedelta(days=12))
    ours = Bank(files, lender_account(files))
    deliver(files, "late.xml", ours.statement(ours.entry(-LENT, order=number, **booked(1)), moved=-LENT))
    loan_id = str(files.application(application).row.loan_id)
    found = ran(files, loan_id, 13)
    assert found.start == str(START.date() + timedelta(days=1))
    assert found.interest > 0, "twelve days'"


def test_payout__settled_and_heard_of_late__the_loan_runs_from_when_the_bank_took_it(files: Site) -> None:
    application, number = under_way(files)
    files.move_to(START.date() + timedelta(days=12))
    answer(files, number, "ACSC")  # written on the first day
    loan_id = str(files.application(application).row.loan_id)
    found = ran(files, loan_id, 13)
    assert (found.start, found.interest > 0) == (str(START.date()), True)
    with files.ctx.store.read() as session:
        assert "start_moved" not in [event.kind for event in loan_book.events(session, loan_id)], "at once"


def test_payout__whose_statement_says_another_day__moves_the_loans_start_by_corrections(files: Site) -> None:
    application, number = under_way(files)
    files.move_to(START.date() + timedelta(days=12))
    ours = Bank(files, lender_account(files))
    account = f"<Acct><Id><Othr><Id>{ours.account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    first = ours.entry(-LENT, order=number, bank_reference="OUT-1", **booked(9))
    deliver(files, "notified.xml", bank.camt054(first).replace(bank.ACCOUNT.encode(), account.encode()))
    loan_id = str(files.application(application).row.loan_id)
    assert ran(files, loan_id, 13).start == str(START.date() + timedelta(days=9))
    stated = ours.entry(-LENT, order=number, bank_reference="OUT-1", **booked(1))
    deliver(files, "stated.xml", ours.statement(stated, moved=-LENT))
    assert [
        each
        for each in parked.list_(files.ctx, OPERATOR, status="open", after="", limit=500)
        if each.source == payout_day.SOURCE
    ] == []
    moved = ran(files, loan_id, 14)
    assert (moved.start, moved.interest > 0) == (str(START.date() + timedelta(days=1)), True)
    assert files.balance(ledger.LOANS, ref=loan_id) == LENT
    lines = queries.statement(files.ctx, OPERATOR, loan_id)
    assert str(lines[0].on) == moved.start
    with files.ctx.store.read() as session:
        check_funds(session)
        findings = Findings()
        reconcile_book.check(session, files.ctx, findings)
    assert findings.mismatches == []
    with open_site(bank_folder=True) as other:
        known, order = under_way(other)
        other.move_to(START.date() + timedelta(days=1))
        theirs = Bank(other, lender_account(other))
        entry = theirs.entry(-LENT, order=order, **booked(1))
        deliver(other, "st.xml", theirs.statement(entry, moved=-LENT))
        in_time = ran(other, str(other.application(known).row.loan_id), 14)
    assert moved == in_time, "as if it had been heard of in time"


def test_payout__whose_day_is_said_otherwise_after_it_was_repaid__the_difference_is_parked(files: Site) -> None:
    application, number = under_way(files)
    files.move_to(START.date() + timedelta(days=12))
    ours = Bank(files, lender_account(files))
    account = f"<Acct><Id><Othr><Id>{ours.account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    first = ours.entry(-LENT, order=number, bank_reference="OUT-1", **booked(9))
    deliver(files, "notified.xml", bank.camt054(first).replace(bank.ACCOUNT.encode(), account.encode()))
    row = files.loan(str(files.application(application).row.loan_id)).row
    borrower = replace(OPERATOR, kind="party", party_id=row.borrower_id)
    how = instructions.for_loan(files.ctx, borrower, row.id, None)
    due = files.settles(row.id)
    paid = ours.entry(due, how.remittance, to=how.account)
    stated = ours.entry(-LENT, order=number, bank_reference="OUT-1", **booked(1))
    deliver(files, "paid.xml", ours.statement(paid, moved=due))
    assert files.loan(row.id).row.status == "repaid"
    deliver(files, "stated.xml", ours.statement(stated, moved=-LENT))
    with files.ctx.store.read() as session:
        findings = Findings()
        reconcile_payments.check(session, files.ctx.clock, findings)
    (day,) = findings.mismatches
    assert day.name == "payout.day"
    assert "CNY" in day.found


# a credit that is taken back


def test_repayment__that_the_bank_takes_back__is_a_claim_on_who_paid(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(loan_id)), moved=-LENT))
    funds = site.funds(site.cast["lender"])
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    due = site.settles(loan_id)
    paid = ours.entry(due, how.remittance, to=how.account, bank_reference="IN-1")
    take(site, ours.statement(paid, moved=due))
    assert site.loan(loan_id).row.status == "repaid"
    back = ours.entry(-due, reversal="<RvslInd>true</RvslInd>", bank_reference="IN-1")
    take(site, ours.statement(back, moved=-due))
    assert (site.incoming("IN-1").status, site.balance(ledger.CLAIMS)) == ("reversed", due)
    assert site.balance(ledger.CASH) == ours.balance, "the book has what the bank has"
    assert site.funds(site.cast["lender"]) == funds, "nobody lends what isn't there"
    assert differences(site) == []
    assert claims(site) == [(borrower.party_id, due)]
    with site.ctx.store.read() as session:
        check_funds(session)
    (item,) = [
        each
        for each in parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
        if each.source == reversed.SOURCE
    ]
    with pytest.raises(Conflict) as undecided:
        parked.resolve(site.ctx, BOSS, item.id, "forget it")
    assert undecided.value.code == "parked_claim_undecided"
    made = reversed_claims.propose(site.ctx, BOSS, item.id, reason="paid in cash at the lender's")
    with pytest.raises(Conflict) as twice:
        reversed_claims.propose(site.ctx, BOSS, item.id, reason="and again")
    assert twice.value.code == "settlement_proposed"
    with pytest.raises(Refused) as alone:
        approved.approve(site.ctx, BOSS, made.id, "mine")
    assert alone.value.code == "approval_same_person"
    assert claims(site) == [(borrower.party_id, due)], "open until a second person has said so"
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "I saw the receipt")
    assert claims(site) == []


def claims(site: Site) -> list[tuple[str, int]]:
    """Named claims: on whom, minor units."""
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_payments.check(session, site.ctx.clock, findings)
        found = [each.subject for each in findings.mismatches if each.name == "claim.settled"]
        entries = select(EntryRow.party, EntryRow.debit).where(
            EntryRow.account == ledger.CLAIMS.code, col(EntryRow.ref).in_(found)
        )
        return [(party, int(minor)) for party, minor in session.exec(entries)]


def test_unmatched_payment__that_the_bank_takes_back__is_in_suspense_no_more(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    ours = Bank(site, lender_account(site))
    take(site, ours.statement(ours.entry(7_00, "?", to=how.account, bank_reference="IN-2"), moved=7_00))
    assert site.balance(ledger.SUSPENSE) == 7_00
    back = ours.entry(-7_00, reversal="<RvslInd>true</RvslInd>", bank_reference="IN-2")
    take(site, ours.statement(back, moved=-7_00))
    assert (site.incoming("IN-2").status, site.balance(ledger.SUSPENSE)) == ("reversed", 0)
    assert site.unmatched("IN-2").status == "resolved"
    assert [each for each in differences(site) if each[0] == "bank.entry"] == []
