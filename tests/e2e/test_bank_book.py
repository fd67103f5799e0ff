"""The bank's closing balance is held against the book, to the fen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlmodel import select

from chainfin.rules import ledger
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import instructions
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.values import instruction
from chainfin.values.money import Money
from tests.e2e.site import Site, open_site
from tests.e2e.statements import CNY, LENT, PLACED, Bank, differences, lender_account, lent, odd, take
from tests.unit import bank_samples as bank


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own for each test: statements follow each other."""
    with open_site() as made:
        yield made


def test_closing_balance__a_fen_off__named_to_the_fen(site: Site) -> None:
    _, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(loan_id)), moved=-LENT))
    assert differences(site) == []
    take(site, ours.statement(ours.entry(-1, "account fee"), moved=-1))
    entry, cash = differences(site)
    assert (entry[0], entry[2], entry[3]) == ("bank.entry", "-0.01 CNY: debit_unknown", "in the book")
    assert cash[:2] == ("bank.cash", f"{ours.account}, {site.today}: -0.01 CNY differ")
    (item,) = odd(site)
    parked.resolve(site.ctx, OPERATOR, item.id, "the bank's fee, the lender's own")
    assert differences(site) == [], "a person has said what it is"


def test_book__with_a_payment_on_no_statement__named(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    ours = Bank(site, lender_account(site))
    ref = site.pays(1_00, how.remittance, account=how.account)
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(loan_id)), moved=-LENT))
    found = [each for each in differences(site) if each[0] == "book.payment"]
    assert [(each[1], each[2]) for each in found] == [(site.incoming(ref).id, "on no statement")]
    assert any("-1.00 CNY differ" in each[1] for each in differences(site))
    (item,) = odd(site)
    assert (item.kind, item.reason) == ("bank_balance", "bank_cash_differs"), "compared without being asked"
    assert "-1.00 CNY" in item.detail
    site.run()
    assert len(odd(site)) == 1, "once for each closing balance"


def test_debit__booked_twice_or_of_another_amount__parked(site: Site) -> None:
    _, _, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT - 1, order=number), moved=-LENT - 1))
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert [item.reason for item in odd(site)] == ["debit_differs", "debit_repeated"]


# when the first statement opened


def lived(site: Site) -> tuple[str, int]:
    """A loan, its payout and a repayment, all told by the rail before there was a statement. The lender's account, and
    what the book has on it in the morning of the next day."""
    borrower, _, loan_id = lent(site)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    site.pays(100_00, how.remittance, account=how.account)
    site.move_to(site.today + timedelta(days=1))
    return lender_account(site), site.balance(ledger.CASH)


def test_first_statement__opens_with_what_the_book_has__nothing_of_before_is_missing(site: Site) -> None:
    account, cash = lived(site)
    assert cash == PLACED - LENT + 100_00
    ours = Bank(site, account, opening=cash, tells_of_before=False)
    take(site, ours.statement(moved=0))
    assert (differences(site), odd(site)) == ([], [])


@pytest.mark.parametrize("beyond", [250_000_07, -1])
def test_first_statement__opens_with_another_balance__named_until_a_person_says_what_it_is(
    site: Site, beyond: int
) -> None:
    account, cash = lived(site)
    ours = Bank(site, account, opening=cash + beyond, tells_of_before=False)
    take(site, ours.statement(moved=0))
    amount = str(Money(beyond, CNY))
    (item,) = odd(site)
    assert (item.kind, item.reason) == ("bank_balance", "bank_opening_differs")
    assert f"{amount} CNY more" in item.detail
    opening, closing = differences(site)
    assert opening[:2] == ("bank.opening", f"{account}, {site.today}: {amount} CNY differ")
    assert closing[:2] == ("bank.cash", f"{account}, {site.today}: {amount} CNY differ")
    take(site, ours.statement(ours.entry(-1, "account fee"), moved=-1))
    assert [each.reason for each in odd(site)] == ["bank_opening_differs", "debit_unknown"], "once, and only once"
    for each in odd(site):
        parked.resolve(site.ctx, OPERATOR, each.id, "the lender's own money, and its fee")
    assert differences(site) == []
    ours.balance += 3
    take(site, ours.statement(moved=0))
    assert {each.reason for each in odd(site)} == {"opening_differs"}, "what was said of the first covers no other"


def test_first_statement__with_a_payment_of_before_heard_of_later__differs_again(site: Site) -> None:
    """What a person explained was another figure."""
    account, cash = lived(site)
    ours = Bank(site, account, opening=cash + 5_00, tells_of_before=False)
    take(site, ours.statement(moved=0))
    (item,) = odd(site)
    parked.resolve(site.ctx, OPERATOR, item.id, "the lender's own")
    assert differences(site) == []
    early = bank_files_payment(site, account)
    take(site, ours.statement(moved=0))
    assert early.received_on < site.today
    (late,) = odd(site)
    assert (late.reason, "-5.00 CNY more" in late.detail) == ("bank_cash_differs", True)


def bank_files_payment(site: Site, account: str) -> IncomingRow:
    """A payment of the day before, told of by a notification."""
    with site.ctx.store.read() as session:
        under = session.exec(select(VirtualAccountRow.account).where(VirtualAccountRow.account != account)).first()
    valued = f"<ValDt><Dt>{site.today - timedelta(days=1)}</Dt></ValDt>"
    ours = Bank(site, account, tells_of_before=False)
    holder = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    entry = ours.entry(5_00, "?", to=under, valued=valued, bank_reference="EARLY-1")
    take(site, bank.camt054(entry).replace(bank.ACCOUNT.encode(), holder.encode()))
    return site.incoming("EARLY-1")


# days without a statement


def late(site: Site) -> list[str]:
    """Details of the open items that say that a statement hasn't come."""
    return [item.detail for item in odd(site) if item.reason == "bank_statement_late"]


def test_statement__of_a_business_day_that_has_not_come__named_once_and_closed_when_it_comes(site: Site) -> None:
    account, cash = lived(site)
    site.move_to(date(2026, 3, 5))  # a Thursday
    ours = Bank(site, account, opening=cash, tells_of_before=False)
    take(site, ours.statement(moved=0))
    site.move_to(date(2026, 3, 7))
    site.run()
    assert late(site) == [], "Friday's has until the end of Monday, the next business day"
    site.move_to(date(2026, 3, 9))
    site.run()
    assert late(site) == []
    site.move_to(date(2026, 3, 10))
    for _ in range(2):
        site.run()
        assert late(site) == [
            f"{account}: its newest closing balance is of 2026-03-05; that of the next business day has not come"
        ]
    take(site, ours.statement(moved=0))
    site.run()
    assert late(site) == []


def test_statement__that_has_not_come_and_a_person_said_why__is_not_named_again(site: Site) -> None:
    account, cash = lived(site)
    take(site, Bank(site, account, opening=cash, tells_of_before=False).statement(moved=0))
    site.move_to(site.today + timedelta(days=9))
    site.run()
    (item,) = odd(site)
    parked.resolve(site.ctx, OPERATOR, item.id, "the account was closed")
    site.run()
    assert late(site) == []
